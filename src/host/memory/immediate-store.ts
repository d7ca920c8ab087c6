import type { MemoryBackend, MemoryStore } from './store.js';

/** A backend that answers on the spot, as a store. */
export function immediately(backend: MemoryBackend): MemoryStore {
  const store: MemoryStore = {
    get: async (...given) => backend.get(...given),
    set: async (...given) => backend.set(...given),
    delete: async (...given) => backend.delete(...given),
    list: async (...given) => backend.list(...given),
    search: async (...given) => backend.search(...given),
    keys: async (...given) => backend.keys(...given),
    usage: async (...given) => backend.usage(...given),
    namespaces: async (...given) => backend.namespaces(...given),
    drop: async (...given) => backend.drop(...given),
    close: async () => backend.close(),
    chargedTo: () => store,
  };
  return store;
}
