import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LAYERS, layerOf, mayImport, PURE, VENDORS, WORKER_IMPORTS } from './layers.js';
import { importsOf, lineAt, loadedWith, parse, readSources } from './sources.js';

const main = readSources('src');
const workers = readSources('workers');
const all = [...main, ...workers];

describe('mayImport', () => {
  test.each([
    ['rpc', 'dispatch', true],
    ['main', 'limits', true],
    ['pool', 'protocol', true],
    ['cli', 'client', true],
    ['package', 'package', true],
    ['dispatch', 'rpc', false],
    ['rpc', 'http', false],
    ['http', 'rpc', false],
    ['rpc', 'client', false],
    ['client', 'rpc', false],
    ['errors', 'limits', false],
    ['protocol', 'limits', false],
    ['observe', 'wasm', false],
    ['nowhere', 'limits', false],
  ])('%s -> %s: %s', (from, to, allowed) => {
    expect(mayImport(from, to)).toBe(allowed);
  });
});

describe('imports', () => {
  test('every folder of src/ has its place in the picture', () => {
    const known = new Set([...LAYERS.flat(), 'client']);
    expect(main.map(({ path }) => path).filter((path) => !known.has(layerOf(path)))).toEqual([]);
  });

  test('go one way', () => {
    const wrong = main.flatMap((source) =>
      importsOf(source)
        .filter(({ vendor, target }) => !vendor && !target.startsWith('node:'))
        .filter(({ target }) => !target.startsWith('src/') || !mayImport(layerOf(source.path), layerOf(target)))
        .map(({ target }) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('of a worker reach its own code, the protocol and functions of bytes alone', () => {
    const wrong = workers.flatMap((source) =>
      importsOf(source)
        .filter(({ target }) => !target.startsWith('node:'))
        .filter(({ target }) => !WORKER_IMPORTS.some((folder) => target.startsWith(`${folder}/`)))
        .map(({ target }) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('that the command needs before it runs an action bring no library but the one that reads its arguments', () => {
    const byPath = new Map(main.map((source) => [source.path, source]));
    const seen = new Set<string>();
    const vendors = new Set<string>();
    const follow = (path: string): void => {
      const source = byPath.get(path);
      if (source === undefined || seen.has(path)) return;
      seen.add(path);
      for (const { vendor, target } of loadedWith(source)) {
        if (vendor) vendors.add(target);
        else follow(target);
      }
    };
    follow('src/cli/hal9.ts');
    expect(seen).toContain('src/cli/plugin-text.ts');
    expect([...vendors]).toEqual(['commander']);
  });

  test('of a package stand in one folder, or in the two that the table names', () => {
    const wrong = all.flatMap((source) =>
      importsOf(source)
        .filter(({ vendor }) => vendor)
        .filter(({ target }) => !source.path.startsWith('src/') || !VENDORS[target]?.includes(layerOf(source.path)))
        .map(({ target }) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('of packages are those of package.json, and all of them', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(dependencies).sort()).toEqual(Object.keys(VENDORS).sort());
    const used = new Set(
      main.flatMap((source) => importsOf(source)).flatMap(({ vendor, target }) => (vendor ? [target] : [])),
    );
    expect(Object.keys(dependencies).filter((name) => !used.has(name))).toEqual([]);
  });

  test('of functions of bytes name nothing of Node that does something', () => {
    const wrong = main.flatMap((source) => {
      const allowed = PURE[layerOf(source.path)];
      if (allowed === undefined) return [];
      return importsOf(source)
        .filter(({ target, vendor }) => vendor || (target.startsWith('node:') && !allowed.includes(target)))
        .map(({ target }) => `${source.path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  test('name the part of Node with node:, and their file with .js', () => {
    const wrong = all.flatMap((source) =>
      importsOf(source)
        .filter(({ request }) => request.startsWith('.') && !request.endsWith('.js'))
        .map(({ request }) => `${source.path} imports ${request}`),
    );
    expect(wrong).toEqual([]);
  });

  test('are not computed', () => {
    const wrong = all.flatMap((source) =>
      parse(source)
        .module.dynamicImports.filter(({ moduleRequest }) => !/^['"]/.test(source.text.slice(moduleRequest.start)))
        .map(({ start }) => `${source.path}:${lineAt(source, start)}`),
    );
    expect(wrong).toEqual([]);
  });
});
