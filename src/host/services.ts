import { MemoryCalls } from './memory/memory-calls.js';
import type { MemoryStore } from './memory/store.js';
import type { Rates } from './rates.js';
import type { HostService, MayUse } from './service.js';

/** What the services of one plugin work with. */
export interface ServiceParts {
  pluginId: string;
  memory: MemoryStore;
  mayUse: MayUse;
  rates: Rates;
}

/** Whatever a plugin may ask the main thread for. */
export function hostServices({ pluginId, memory, mayUse, rates }: ServiceParts): HostService[] {
  return [new MemoryCalls({ pluginId, store: memory, mayUse, rates })];
}
