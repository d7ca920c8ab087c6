/**
 * Which plugins a plugin needs, among those that are installed: pure functions over a small graph.
 *
 * An optional dependency is what npm makes of an optional peer dependency: it may be absent, but where it is installed its version
 * has to be in the range. It is not put into service for the one that depends on it, nor kept there for it, so that it
 * takes no part in orders and circles.
 */

import { HostError } from '../errors.js';
import { DEPENDENCY_LIMITS } from '../limits.js';
import { inRange } from '../package/version-range.js';
import { chainText, refOf, stepsText } from './dependency-chain.js';

export interface Dependency {
  readonly pluginId: string;
  /** As of `semver`. */
  readonly range: string;
  readonly optional: boolean;
}

/** A plugin as the graph knows it. */
export interface GraphPlugin {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly Dependency[];
}

/** By id. */
export type Graph = ReadonlyMap<string, GraphPlugin>;

interface Visit {
  readonly plugin: GraphPlugin;
  next: number;
}

/**
 * What a plugin needs, itself included: dependencies before dependents, otherwise in the order of the manifests.
 *
 * @throws HostError DEPENDENCY_MISSING, DEPENDENCY_CONFLICT, DEPENDENCY_CYCLE, DEPENDENCY_LIMIT: the message shows the chain
 */
export function resolve(root: GraphPlugin, graph: Graph): GraphPlugin[] {
  const order: GraphPlugin[] = [];
  const met = new Set([root.id]);
  const path: Visit[] = [{ plugin: root, next: 0 }];
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const dependency = top.plugin.dependencies[top.next++];
    if (dependency === undefined) {
      order.push(top.plugin);
      path.pop();
      continue;
    }
    const found = follow(dependency, path, graph);
    if (found === undefined || met.has(found.id)) continue;
    met.add(found.id);
    refuseTooMuch(path, met.size);
    path.push({ plugin: found, next: 0 });
  }
  return order;
}

/** The plugin that a dependency leads to, or undefined for one that is optional. The end of the path is who depends. */
function follow(dependency: Dependency, path: readonly Visit[], graph: Graph): GraphPlugin | undefined {
  const at = path.findIndex(({ plugin }) => plugin.id === dependency.pluginId);
  const itself = at === path.length - 1;
  if (at >= 0 && (itself || !dependency.optional)) throw cycle(pluginsOf(path.slice(at)));
  const found = graph.get(dependency.pluginId);
  if (found === undefined) {
    if (dependency.optional) return undefined;
    throw missing(dependency, pluginsOf(path));
  }
  if (!inRange(found.version, dependency.range)) throw conflict(dependency, found, pluginsOf(path));
  return dependency.optional ? undefined : found;
}

/**
 * Holds a plugin that is about to be installed against those that depend on it: none that fits what is installed now may be left
 * without.
 *
 * @param graph as it is, with the plugin's last version where there is one
 * @throws HostError DEPENDENCY_CONFLICT that names who depends on it
 */
export function checkDependents(plugin: GraphPlugin, graph: Graph): void {
  const before = graph.get(plugin.id);
  for (const dependent of graph.values()) {
    if (dependent.id === plugin.id) continue;
    for (const dependency of dependent.dependencies) {
      if (dependency.pluginId !== plugin.id || inRange(plugin.version, dependency.range)) continue;
      const fitted = before === undefined ? dependency.optional : inRange(before.version, dependency.range);
      if (fitted) throw conflict(dependency, plugin, chainTo(dependent, graph), before);
    }
  }
}

/** Plugins that need this one themselves, in the order of the graph. */
export function dependentsOf(id: string, graph: Graph): GraphPlugin[] {
  return [...graph.values()].filter((plugin) => plugin.id !== id && needs(plugin).includes(id));
}

/** A plugin's dependencies or dependents, theirs, and so on: ids, its own among them, whether or not they are installed. */
export function reach(id: string, graph: Graph, towards: 'dependencies' | 'dependents'): Set<string> {
  const next =
    towards === 'dependencies'
      ? (at: string) => (graph.get(at)?.dependencies ?? []).map(({ pluginId }) => pluginId)
      : dependentsById(graph);
  const reached = new Set([id]);
  // A set hands out what is added to it while it is walked.
  for (const at of reached) for (const other of next(at)) reached.add(other);
  return reached;
}

/**
 * The same plugins, dependencies before dependents; otherwise in the order in which they come. Circles, which no
 * installation lets in, are cut where they close.
 */
export function inOrder(plugins: readonly GraphPlugin[]): GraphPlugin[] {
  const among = new Map(plugins.map((plugin) => [plugin.id, plugin]));
  const met = new Set<string>();
  const order: GraphPlugin[] = [];
  for (const start of plugins) {
    const path: GraphPlugin[] = met.has(start.id) ? [] : [start];
    met.add(start.id);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = needs(top).find((id) => among.has(id) && !met.has(id));
      if (next === undefined) order.push(path.pop() as GraphPlugin);
      else {
        met.add(next);
        path.push(among.get(next) as GraphPlugin);
      }
    }
  }
  return order;
}

/** Ids of what a plugin cannot do without. */
export function needs(plugin: GraphPlugin): string[] {
  return plugin.dependencies.filter(({ optional }) => !optional).map(({ pluginId }) => pluginId);
}

function dependentsById(graph: Graph): (id: string) => readonly string[] {
  const dependents = new Map<string, string[]>();
  for (const plugin of graph.values()) {
    for (const id of needs(plugin)) dependents.set(id, [...(dependents.get(id) ?? []), plugin.id]);
  }
  return (id) => dependents.get(id) ?? [];
}

/** From somebody whom nobody needs down to this plugin, by the first dependent of each. */
function chainTo(plugin: GraphPlugin, graph: Graph): GraphPlugin[] {
  const chain = [plugin];
  const met = new Set([plugin.id]);
  for (let at: GraphPlugin | undefined = plugin; at !== undefined && chain.length < DEPENDENCY_LIMITS.maxDepth; ) {
    at = dependentsOf(at.id, graph).find(({ id }) => !met.has(id));
    if (at !== undefined) {
      met.add(at.id);
      chain.unshift(at);
    }
  }
  return chain;
}

function missing(dependency: Dependency, chain: readonly GraphPlugin[]): HostError {
  const { pluginId, range } = dependency;
  const needed = `${refOf(chain.at(-1))} needs the plugin ${pluginId} ${range}, which is not installed`;
  return refused('DEPENDENCY_MISSING', needed, dependency, chain);
}

function conflict(
  dependency: Dependency,
  found: GraphPlugin,
  chain: readonly GraphPlugin[],
  replaced?: GraphPlugin,
): HostError {
  const optional = dependency.optional ? ' where it is installed' : '';
  const instead = replaced === undefined ? '' : ` in the place of ${replaced.version}`;
  const needed = `${refOf(chain.at(-1))} needs ${found.name} ${dependency.range}${optional}, found ${refOf(found)}${instead}`;
  return refused('DEPENDENCY_CONFLICT', needed, dependency, chain, { found: found.version });
}

function refused(
  reason: 'DEPENDENCY_MISSING' | 'DEPENDENCY_CONFLICT',
  needed: string,
  { pluginId, range }: Dependency,
  chain: readonly GraphPlugin[],
  more: Record<string, string> = {},
): HostError {
  const above = chainText(chain);
  return new HostError(reason, above === '' ? needed : `${needed}; ${above}`, {
    details: { dependency: pluginId, range, ...more, dependent: chain.at(-1)?.id ?? '', chain: stepsText(chain) },
  });
}

function cycle(chain: readonly GraphPlugin[]): HostError {
  const steps = stepsText([...chain, chain[0] as GraphPlugin]);
  return new HostError('DEPENDENCY_CYCLE', `plugins depend on each other in a circle: ${steps}`, {
    details: { chain: steps },
  });
}

function pluginsOf(path: readonly Visit[]): GraphPlugin[] {
  return path.map(({ plugin }) => plugin);
}

function refuseTooMuch(path: readonly Visit[], count: number): void {
  const { maxDepth, maxPlugins } = DEPENDENCY_LIMITS;
  if (path.length < maxDepth && count <= maxPlugins) return;
  const chain = pluginsOf(path);
  const bound =
    path.length >= maxDepth ? `a chain of at most ${maxDepth} plugins` : `at most ${maxPlugins} plugins altogether`;
  throw new HostError('DEPENDENCY_LIMIT', `${refOf(chain[0])} depends on too much: expected ${bound}`, {
    details: { chain: stepsText(chain) },
  });
}
