import { namespaceOf } from '../host/memory/namespaces.js';
import type { MemoryStore } from '../host/memory/store.js';
import { ThreadStore } from '../host/memory/thread-store.js';
import type { Log } from '../observe/log.js';

/** @throws HostError DATA_DIR_DAMAGED */
export function openMemory(file: string, log: Log): Promise<ThreadStore> {
  return ThreadStore.open({ file, onFault: (detail) => log.error({ detail }, 'the memory of plugins failed') });
}

/** Removes what an uninstalled plugin kept. Where that fails, the next start does it. */
export async function forget(memory: MemoryStore, pluginId: string, log: Log): Promise<void> {
  try {
    await memory.drop(namespaceOf(pluginId));
  } catch (error) {
    log.error({ pluginId, err: error }, 'the memory of a plugin could not be removed; the next start tries again');
  }
}
