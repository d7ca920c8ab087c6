import { HttpCalls } from './http/http-calls.js';
import type { Lookup } from './http/lookup.js';
import type { RequestObserver } from './http/sender.js';
import { MemoryCalls } from './memory/memory-calls.js';
import type { MemoryStore } from './memory/store.js';
import type { Rates } from './rates.js';
import type { HostService, Rights } from './service.js';

/** What the services of one plugin work with. */
export interface ServiceParts {
  pluginId: string;
  memory: MemoryStore;
  rights: Rights;
  rates: Rates;
  /** Told of each HTTP request; nobody by default. */
  requested?: RequestObserver;
  /** Finds the addresses of a name; the system by default. */
  lookup?: Lookup;
}

/** Whatever a plugin may ask the main thread for. */
export function hostServices(parts: ServiceParts): HostService[] {
  const { pluginId, memory, rights, rates, requested = () => {}, lookup } = parts;
  return [
    new MemoryCalls({ pluginId, store: memory, mayUse: rights.mayUse, rates }),
    new HttpCalls({ rights, rates, observe: requested, lookup }),
  ];
}
