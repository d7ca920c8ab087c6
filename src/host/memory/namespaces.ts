import type { PluginLimits } from '../../limits/plugin-limits.js';
import type { Log } from '../../observe/log.js';
import type { Permission } from '../../permissions.js';
import type { MemoryStore, Quota } from './store.js';

/** Where a key, prefix or query of a plugin belongs. */
export interface Place {
  /** As the store names it: `plugin:<id>` or `shared:<name>`. */
  namespace: string;
  /** What the plugin needs to use it. */
  permission: Permission;
  /** What stands before each of its keys where the plugin names them. */
  before: string;
  /** The key, prefix or query in it. */
  rest: string;
}

const SHARED = 'shared:';
const OWN = 'plugin:';
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** The name of a plugin's own namespace. */
export const namespaceOf = (pluginId: string): string => `${OWN}${pluginId}`;

/** The name of a shared namespace, or undefined where that is none. */
export function sharedNamespace(name: string): string | undefined {
  return NAME.test(name) ? `${SHARED}${name}` : undefined;
}

/** The plugin that a namespace is of; undefined for a shared one. */
export function ownerOf(namespace: string): string | undefined {
  return namespace.startsWith(OWN) ? namespace.slice(OWN.length) : undefined;
}

/** What a memory may hold under these limits. */
export function memoryQuota({ quotas }: PluginLimits): Quota {
  return { keys: quotas['memory keys'], bytes: quotas['memory bytes'] };
}

/** Removes what belongs to plugins that are no more: a server that was ended while it uninstalled one leaves its memory. */
export async function dropOrphans(store: MemoryStore, known: (pluginId: string) => boolean, log: Log): Promise<void> {
  for (const { name, keys } of await store.namespaces()) {
    const pluginId = ownerOf(name);
    if (pluginId === undefined || known(pluginId)) continue;
    log.warn({ pluginId, keys }, 'the memory of a plugin that is not installed is removed');
    await store.drop(name);
  }
}

/** Undefined where `text` begins as a shared memory's keys do, and names none. */
export function placeOf(pluginId: string, text: string): Place | undefined {
  if (!text.startsWith(SHARED)) {
    return { namespace: namespaceOf(pluginId), permission: 'Hal9Memory', before: '', rest: text };
  }
  const slash = text.indexOf('/');
  const name = text.slice(SHARED.length, slash);
  const namespace = slash === -1 ? undefined : sharedNamespace(name);
  if (namespace === undefined) return undefined;
  return {
    namespace,
    permission: { Hal9SharedMemory: name },
    before: `${namespace}/`,
    rest: text.slice(slash + 1),
  };
}
