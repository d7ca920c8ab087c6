import { DEFAULT_LIMITS, type PluginLimits } from '../limits/plugin-limits.js';
import type { PluginName } from './asking.js';
import { FileCalls, type FileCallsParts } from './files/file-calls.js';
import { HttpCalls } from './http/http-calls.js';
import type { Lookup } from './http/lookup.js';
import type { RequestObserver } from './http/sender.js';
import { MemoryCalls } from './memory/memory-calls.js';
import type { MemoryStore } from './memory/store.js';
import { type OtherPlugins, PluginCalls } from './messages/plugin-calls.js';
import { type EmissionObserver, SignalCalls, type SignalRoutes } from './messages/signal-calls.js';
import type { Rates } from './rates.js';
import type { HostService, Rights } from './service.js';

/** The plugins beside this one: whom its signals reach, and whom it can call. */
export type OthersInService = SignalRoutes & OtherPlugins;

/** What the services of one plugin work with. */
export interface ServiceParts {
  self: PluginName;
  memory: MemoryStore;
  /** The plugin's own. */
  rights: Rights;
  rates: Rates;
  /** What it may use; the defaults by default. */
  limits?: PluginLimits;
  /** What each memory that plugins share may hold; the default by default. */
  sharedLimits?: PluginLimits;
  others: OthersInService;
  /** Nothing by default: there are no roots. */
  files?: Omit<FileCallsParts, 'rates' | 'limits'> | undefined;
  /** Told what became of signals that the plugin sent; nobody by default. */
  emitted?: EmissionObserver;
  /** Told of each HTTP request; nobody by default. */
  requested?: RequestObserver;
  /** Finds the addresses of a name; the system by default. */
  lookup?: Lookup;
}

/** Whatever a plugin may ask the main thread for. */
export function hostServices(parts: ServiceParts): HostService[] {
  const { self, memory, rights, rates, others, emitted = () => {}, requested = () => {}, lookup, files } = parts;
  const { limits = DEFAULT_LIMITS, sharedLimits = DEFAULT_LIMITS } = parts;
  return [
    new MemoryCalls({ pluginId: self.id, store: memory, rates, limits, sharedLimits }),
    new HttpCalls({ rates, limits, observe: requested, lookup }),
    new SignalCalls({ self, routes: others, observe: emitted }),
    new PluginCalls({ self, rights, others }),
    ...(files === undefined ? [] : [new FileCalls({ ...files, rates, limits })]),
  ];
}
