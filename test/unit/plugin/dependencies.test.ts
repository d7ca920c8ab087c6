import { describe, expect, test } from 'vitest';
import { HostError } from '../../../src/errors.js';
import { DEPENDENCY_LIMITS } from '../../../src/limits.js';
import {
  checkDependents,
  dependentsOf,
  type GraphPlugin,
  inOrder,
  reach,
  resolve,
} from '../../../src/plugin/dependencies.js';
import { chain, graph, plugin } from './a-graph.js';

const ids = (plugins: readonly GraphPlugin[]): string => plugins.map(({ id }) => id).join(' ');

/** What resolving the first of these plugins is refused with. */
function refusal(...plugins: readonly [GraphPlugin, ...GraphPlugin[]]): HostError {
  return refusalOf(() => resolve(plugins[0], graph(...plugins)));
}

function refusalOf(action: () => unknown): HostError {
  try {
    action();
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('resolve', () => {
  test('puts what is needed before what needs it, each once', () => {
    const a = plugin('A 1.0.0', 'B ^1.0.0', 'C ^1.0.0');
    const diamond = graph(a, plugin('B 1.0.0', 'D ^1.0.0'), plugin('C 1.0.0', 'D ^1.0.0'), plugin('D 1.0.0'));
    expect(ids(resolve(a, diamond))).toBe('D B C A');
  });

  test('keeps the order of the manifests where nothing else says so', () => {
    const a = plugin('A 1.0.0', 'Z ^1.0.0', 'Y ^1.0.0', 'X ^1.0.0');
    const all = graph(a, plugin('X 1.0.0'), plugin('Y 1.0.0'), plugin('Z 1.0.0', 'X ^1.0.0'));
    expect(ids(resolve(a, all))).toBe('X Z Y A');
  });

  test('names what is missing with the chain that leads to it', () => {
    const error = refusal(plugin('A 1.0.0', 'B ^1.0.0'), plugin('B 1.2.0', 'C ^1.0.0'), plugin('C 1.0.0', 'D ~2.1.0'));
    expect(error.reason).toBe('DEPENDENCY_MISSING');
    expect(error.message).toBe(
      'C 1.0.0 needs the plugin D ~2.1.0, which is not installed; C 1.0.0 is needed by B 1.2.0, that by A 1.0.0',
    );
    expect(error.details).toEqual({
      dependency: 'D',
      range: '~2.1.0',
      dependent: 'C',
      chain: 'A 1.0.0 -> B 1.2.0 -> C 1.0.0',
    });
  });

  test('names a version outside the range with the chain that leads to it', () => {
    const error = refusal(plugin('R 3.0.0', 'A *'), plugin('A 1.0.0', 'B ^2.0.0'), plugin('B 1.4.0'));
    expect(error.reason).toBe('DEPENDENCY_CONFLICT');
    expect(error.message).toBe('A 1.0.0 needs B ^2.0.0, found B 1.4.0; A 1.0.0 is needed by R 3.0.0');
    expect(error.details).toMatchObject({ dependency: 'B', range: '^2.0.0', found: '1.4.0', dependent: 'A' });
  });

  test('holds every dependent in a diamond against the one version that is installed', () => {
    const plugins = [plugin('A 1.0.0', 'B *', 'C *'), plugin('B 1.0.0', 'D ^1.0.0'), plugin('D 1.5.0')] as const;
    expect(refusal(...plugins, plugin('C 1.0.0', 'D ^2.0.0')).message).toBe(
      'C 1.0.0 needs D ^2.0.0, found D 1.5.0; C 1.0.0 is needed by A 1.0.0',
    );
  });

  test('shows a circle, and not the way to it', () => {
    const error = refusal(plugin('R 1.0.0', 'A *'), plugin('A 1.0.0', 'B *'), plugin('B 2.0.0', 'A ^1.0.0'));
    expect(error.reason).toBe('DEPENDENCY_CYCLE');
    expect(error.message).toBe('plugins depend on each other in a circle: A 1.0.0 -> B 2.0.0 -> A 1.0.0');
  });

  test.each(['A ^1.0.0', 'A ^1.0.0 optional', 'A ^9.0.0'])(
    'takes a plugin that needs itself (%s) for a circle',
    (self) => {
      expect(refusal(plugin('A 1.0.0', self)).message).toBe(
        'plugins depend on each other in a circle: A 1.0.0 -> A 1.0.0',
      );
    },
  );

  test('follows semver about prereleases', () => {
    const resolved = (range: string, version: string): boolean => {
      const a = plugin('A 1.0.0', `B ${range}`);
      try {
        return resolve(a, graph(a, plugin(`B ${version}`))).length === 2;
      } catch (error) {
        if (error instanceof HostError && error.reason === 'DEPENDENCY_CONFLICT') return false;
        throw error;
      }
    };
    expect(resolved('^1.0.0', '1.1.0-beta.1')).toBe(false);
    expect(resolved('*', '1.0.0-beta.1')).toBe(false);
    expect(resolved('^1.0.0', '1.0.0-beta.1')).toBe(false);
    expect(resolved('>=1.1.0-alpha', '1.1.0-beta.1')).toBe(true);
    expect(resolved('>=1.1.0-alpha', '1.2.0-beta.1')).toBe(false);
    expect(resolved('^1.1.0-alpha', '1.2.0')).toBe(true);
    expect(resolved('^1.0.0 || ^3.0.0', '3.1.0+build.7')).toBe(true);
  });

  describe('of an optional dependency', () => {
    test('lets it be absent', () => {
      const a = plugin('A 1.0.0', 'B ^1.0.0 optional');
      expect(ids(resolve(a, graph(a)))).toBe('A');
    });

    test('refuses it at another version', () => {
      const error = refusal(plugin('A 1.0.0', 'B ^2.0.0 optional'), plugin('B 1.0.0'));
      expect(error.reason).toBe('DEPENDENCY_CONFLICT');
      expect(error.message).toBe('A 1.0.0 needs B ^2.0.0 where it is installed, found B 1.0.0');
    });

    test('neither starts it, nor looks at what it needs, nor takes it for a part of a circle', () => {
      const a = plugin('A 1.0.0', 'B ^1.0.0 optional');
      expect(ids(resolve(a, graph(a, plugin('B 1.0.0', 'gone *', 'A *'))))).toBe('A');
      const b = plugin('B 1.0.0', 'A *');
      expect(ids(resolve(b, graph(a, b)))).toBe('A B');
    });
  });

  describe('of many plugins', () => {
    test('walks a chain of 200, and names both ends of a long one', () => {
      const all = chain(200);
      expect(ids(resolve(all[0] as GraphPlugin, graph(...all)))).toBe(
        ids([...all].sort((x, y) => Number(y.id.slice(1)) - Number(x.id.slice(1)))),
      );
      const error = refusalOf(() => resolve(all[0] as GraphPlugin, graph(...all.slice(0, -1))));
      expect(error.reason).toBe('DEPENDENCY_MISSING');
      expect(error.message).toBe(
        'P198 1.0.0 needs the plugin P199 ^1.0.0, which is not installed; P198 1.0.0 is needed by P197 1.0.0, that by ' +
          'P196 1.0.0, that by P195 1.0.0, that by … 191 more …, that by P3 1.0.0, that by P2 1.0.0, that by P1 1.0.0, ' +
          'that by P0 1.0.0',
      );
    });

    test('has bounds, which it names', () => {
      const { maxDepth, maxPlugins } = DEPENDENCY_LIMITS;
      const fits = chain(maxDepth);
      expect(resolve(fits[0] as GraphPlugin, graph(...fits))).toHaveLength(maxDepth);
      const deep = chain(20_000);
      const tooDeep = refusalOf(() => resolve(deep[0] as GraphPlugin, graph(...deep)));
      expect([tooDeep.reason, tooDeep.message]).toEqual([
        'DEPENDENCY_LIMIT',
        `P0 1.0.0 depends on too much: expected a chain of at most ${maxDepth} plugins`,
      ]);
      const many = Array.from({ length: maxPlugins }, (_, at) => plugin(`M${at} 1.0.0`));
      const top = plugin('T 1.0.0', ...many.map(({ id }) => `${id} *`));
      expect(refusalOf(() => resolve(top, graph(top, ...many))).message).toBe(
        `T 1.0.0 depends on too much: expected at most ${maxPlugins} plugins altogether`,
      );
    });

    test('takes no longer where every one of 200 needs every one behind it', () => {
      const all = Array.from({ length: 200 }, (_, at) =>
        plugin(`P${at} 1.0.0`, ...Array.from({ length: 199 - at }, (_none, next) => `P${at + next + 1} *`)),
      );
      expect(resolve(all[0] as GraphPlugin, graph(...all))).toHaveLength(200);
    });
  });
});

describe('checkDependents', () => {
  const installed = graph(
    plugin('top 1.0.0', 'app *'),
    plugin('app 1.0.0', 'lib ^1.0.0'),
    plugin('lib 1.4.0'),
    plugin('other 1.0.0', 'lib >=1.0.0'),
  );

  test('lets through what fits everybody', () => {
    expect(() => checkDependents(plugin('lib 1.5.0'), installed)).not.toThrow();
    expect(() => checkDependents(plugin('new 1.0.0'), installed)).not.toThrow();
  });

  test.each(['2.0.0', '0.9.0', '1.5.0-beta.1'])('refuses %s, which would leave a dependent without', (version) => {
    const error = refusalOf(() => checkDependents(plugin(`lib ${version}`), installed));
    expect(error.reason).toBe('DEPENDENCY_CONFLICT');
    expect(error.message).toBe(
      `app 1.0.0 needs lib ^1.0.0, found lib ${version} in the place of 1.4.0; app 1.0.0 is needed by top 1.0.0`,
    );
  });

  test('refuses to bring in an optional dependency at a version that its dependent does not take', () => {
    const all = graph(plugin('app 1.0.0', 'extra ^2.0.0 optional'));
    expect(refusalOf(() => checkDependents(plugin('extra 1.0.0'), all)).reason).toBe('DEPENDENCY_CONFLICT');
    expect(() => checkDependents(plugin('extra 2.1.0'), all)).not.toThrow();
  });

  test('does not stand in the way where a dependent has been left without already', () => {
    const broken = graph(plugin('app 1.0.0', 'lib ^3.0.0'), plugin('lib 1.0.0'));
    expect(() => checkDependents(plugin('lib 2.0.0'), broken)).not.toThrow();
    expect(() => checkDependents(plugin('lib 2.0.0'), graph(plugin('app 1.0.0', 'lib ^3.0.0')))).not.toThrow();
  });
});

describe('reach', () => {
  const all = graph(
    plugin('A 1.0.0', 'B *', 'O * optional'),
    plugin('B 1.0.0', 'C *', 'gone *'),
    plugin('C 1.0.0', 'A *'),
    plugin('O 1.0.0'),
    plugin('P 1.0.0'),
  );

  test('goes round circles, and names what is not installed', () => {
    expect([...reach('A', all, 'dependencies')]).toEqual(['A', 'B', 'O', 'C', 'gone']);
    expect([...reach('C', all, 'dependents')]).toEqual(['C', 'B', 'A']);
    expect([...reach('O', all, 'dependents')]).toEqual(['O']);
    expect([...reach('unknown', all, 'dependencies')]).toEqual(['unknown']);
  });
});

describe('dependentsOf', () => {
  test('names those that cannot do without', () => {
    const all = graph(plugin('A 1.0.0', 'B *'), plugin('B 1.0.0', 'B *'), plugin('C 1.0.0', 'B * optional'));
    expect(ids(dependentsOf('B', all))).toBe('A');
  });
});

describe('inOrder', () => {
  test('leaves alone what is in order, and moves no more than it must', () => {
    const [a, b, c, d] = [
      plugin('A 1.0.0'),
      plugin('B 1.0.0', 'A *'),
      plugin('C 1.0.0'),
      plugin('D 1.0.0', 'C *', 'B *'),
    ];
    expect(ids(inOrder([c, a, b, d]))).toBe('C A B D');
    expect(ids(inOrder([d, c, b, a]))).toBe('C A B D');
    expect(ids(inOrder([d, b]))).toBe('B D');
  });

  test('ends where plugins depend on each other, and on themselves', () => {
    expect(ids(inOrder([plugin('A 1.0.0', 'B *'), plugin('B 1.0.0', 'A *', 'B *')]))).toBe('B A');
  });

  test('takes 20,000 plugins in a chain', () => {
    const order = inOrder(chain(20_000));
    expect([order[0]?.id, order.at(-1)?.id]).toEqual(['P19999', 'P0']);
  });
});
