import type { Dependency, Graph, GraphPlugin } from '../../../src/plugin/dependencies.js';

/** `B ^1.0.0`, or `B ^1.0.0 optional`: B is the id. */
function dependency(text: string): Dependency {
  const optional = text.endsWith(' optional');
  const [pluginId = '', ...range] = text.replace(/ optional$/, '').split(' ');
  return { pluginId, range: range.join(' '), optional };
}

/** `plugin('A 1.0.0', 'B ^1.0.0', …)`: the id is the name. */
export function plugin(ref: string, ...needed: readonly string[]): GraphPlugin {
  const [name = '', version = ''] = ref.split(' ');
  return { id: name, name, version, dependencies: needed.map(dependency) };
}

export function graph(...plugins: readonly GraphPlugin[]): Graph {
  return new Map(plugins.map((each) => [each.id, each]));
}

/** `count` plugins, each of which needs the next: P0 at the top. */
export function chain(count: number): GraphPlugin[] {
  return Array.from({ length: count }, (_, at) =>
    plugin(`P${at} 1.0.0`, ...(at + 1 < count ? [`P${at + 1} ^1.0.0`] : [])),
  );
}
