/** Plugins go into service after what they need, and out of it before. */

import { HostError } from '../errors.js';
import { type GraphPlugin, inOrder, needs, reach, resolve } from './dependencies.js';
import { listText, refOf, stepsText } from './dependency-chain.js';
import type { InstalledPlugin } from './installed-plugin.js';
import type { PluginTable } from './plugin-table.js';

/** What starting several plugins does to each of them. */
export interface Starting {
  /** Starts one that is needed. */
  start(needed: InstalledPlugin): Promise<void>;
  /** Starts the plugin that is asked for, once the others run. */
  begin(started: readonly InstalledPlugin[]): Promise<void>;
  /** Takes one that is needed out of service again. */
  stop(started: InstalledPlugin): Promise<void>;
}

/**
 * Puts into service what a plugin needs and what is not there yet, then the plugin. If one fails, those that were started
 * here go out of service again.
 *
 * @returns what was started besides the plugin, in order
 * @throws HostError as `resolve`, and why a plugin did not start, with the chain that leads to it
 */
export async function startInOrder(
  plugin: InstalledPlugin,
  table: PluginTable,
  { start, begin, stop }: Starting,
): Promise<InstalledPlugin[]> {
  const order = resolve(plugin.node, table.graph());
  const needed = order.slice(0, -1).map(({ id }) => table.find(id));
  const started: InstalledPlugin[] = [];
  try {
    for (const each of needed.filter(({ active }) => !active)) {
      await start(each).catch((error: unknown) => {
        throw failedFor(order, each, HostError.from(error));
      });
      started.push(each);
    }
    await begin(started);
  } catch (error) {
    for (const each of started.reverse()) await stop(each);
    throw error;
  }
  return started;
}

/** Of these plugins those in service, dependents before what they need, otherwise the last one put there first. */
export function stopOrder(ids: Iterable<string>, table: PluginTable): InstalledPlugin[] {
  const active = [...ids].flatMap((id) => table.plugins.get(id) ?? []).filter((plugin) => plugin.active);
  const nodes = active.sort((a, b) => a.turn - b.turn).map(({ node }) => node);
  return inOrder(nodes)
    .reverse()
    .map(({ id }) => table.find(id));
}

/**
 * Those in service that need a plugin, in the order in which they go out of service.
 *
 * @throws HostError PLUGIN_IN_USE where there are such and they are not to be touched
 */
export function usersOf(plugin: InstalledPlugin, table: PluginTable, force: boolean): InstalledPlugin[] {
  const dependents = reach(plugin.ref.id, table.graph(), 'dependents');
  const users = stopOrder(dependents, table).filter((user) => user !== plugin);
  if (users.length > 0 && !force) throw inUse(plugin, 'active plugins need it', users);
  return users;
}

/** @param why with a verb: `installed plugins need it` */
export function inUse(plugin: InstalledPlugin, why: string, users: readonly InstalledPlugin[]): HostError {
  const names = listText(users.map(({ ref }) => ref));
  return new HostError('PLUGIN_IN_USE', `${refOf(plugin.ref)} is in use: ${why}: ${names}`, {
    details: { dependents: users.map(({ ref }) => ref.id).join(' ') },
  });
}

/** Takes plugins out of service, each once its dependents among them are out; those that do not know each other at once. */
export async function stopAll(
  order: readonly InstalledPlugin[],
  drainMs: number,
  stopped: (plugin: InstalledPlugin) => void,
): Promise<void> {
  const dependents = new Map<string, Promise<void>[]>();
  const stopping = order.map(async (plugin) => {
    const done = Promise.all(dependents.get(plugin.ref.id) ?? []).then(() => plugin.deactivate(drainMs));
    for (const id of needs(plugin.node)) dependents.set(id, [...(dependents.get(id) ?? []), done]);
    await done;
    stopped(plugin);
  });
  await Promise.all(stopping);
}

/**
 * Starts the instances that plugins in service are to have from the beginning: a plugin's after those of what it needs.
 *
 * @param start ends, and never fails, when the plugin's instance has started or has not
 */
export function warmUpInOrder(
  order: readonly InstalledPlugin[],
  start: (plugin: InstalledPlugin) => Promise<void>,
): Promise<unknown> {
  const warm = new Map<string, Promise<unknown>>();
  for (const plugin of order) {
    const ready = Promise.all(needs(plugin.node).flatMap((id) => warm.get(id) ?? []));
    warm.set(
      plugin.ref.id,
      ready.then(() => start(plugin)),
    );
  }
  return Promise.all(warm.values());
}

/** @throws HostError as `resolve`; PLUGIN_LOAD_FAILED where something that the plugin needs is not in service */
export function checkServed(plugin: InstalledPlugin, table: PluginTable): void {
  resolve(plugin.node, table.graph());
  const resting = needs(plugin.node)
    .map((id) => table.find(id))
    .find(({ active }) => !active);
  if (resting === undefined) return;
  throw new HostError(
    'PLUGIN_LOAD_FAILED',
    `${refOf(plugin.ref)} needs ${refOf(resting.ref)}, which is not in service`,
  );
}

/** @param order as resolved: the last one is what was to be activated */
function failedFor(order: readonly GraphPlugin[], failed: InstalledPlugin, error: HostError): HostError {
  const chain = chainDown(order, failed.ref.id);
  const { reason, details, retryAfterMs, cause } = error;
  return new HostError(reason, `${stepsText(chain)}: ${error.message}`, {
    details: { ...details, failed: failed.ref.id, chain: stepsText(chain) },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause: cause ?? error,
  });
}

/** The way from what was to be activated down to one that it needs; each is the first in the order that needs the one below. */
function chainDown(order: readonly GraphPlugin[], id: string): GraphPlugin[] {
  const chain: GraphPlugin[] = [];
  let at = order.find((plugin) => plugin.id === id);
  while (at !== undefined) {
    chain.unshift(at);
    const below: string = at.id;
    at = order.find((plugin) => needs(plugin).includes(below));
  }
  return chain;
}
