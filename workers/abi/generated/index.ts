// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';
import { type ApiExtension, bindApiExtension } from './api-extension.js';
import { type Clock, serveClock } from './clock.js';
import { type Config, serveConfig } from './config.js';
import { type Http, serveHttp } from './http.js';
import { bindLearning, type Learning } from './learning.js';
import { bindLifecycle, type Lifecycle } from './lifecycle.js';
import { type Logging, serveLogging } from './logging.js';
import { type Memory, serveMemory } from './memory.js';
import { bindMemoryProvider, type MemoryProvider } from './memory-provider.js';
import { type Metrics, serveMetrics } from './metrics.js';
import { bindNeuron, type Neuron } from './neuron.js';
import { type Plugins, servePlugins } from './plugins.js';
import { type Random, serveRandom } from './random.js';
import { type Signals, serveSignals } from './signals.js';
import { bindTools, type Tools } from './tools.js';

/** The interfaces that a plugin may export, bound. */
export interface BoundExports {
  lifecycle?: Lifecycle;
  neuron?: Neuron;
  tools?: Tools;
  memoryProvider?: MemoryProvider;
  learning?: Learning;
  apiExtension?: ApiExtension;
}

/** Binds an exported interface by its name in the contract. */
export const EXPORTS: ReadonlyMap<string, (guest: GuestCore, bound: BoundExports) => void> = new Map([
  [
    'lifecycle',
    (guest: GuestCore, bound: BoundExports) => {
      bound.lifecycle = bindLifecycle(guest);
    },
  ],
  [
    'neuron',
    (guest: GuestCore, bound: BoundExports) => {
      bound.neuron = bindNeuron(guest);
    },
  ],
  [
    'tools',
    (guest: GuestCore, bound: BoundExports) => {
      bound.tools = bindTools(guest);
    },
  ],
  [
    'memory-provider',
    (guest: GuestCore, bound: BoundExports) => {
      bound.memoryProvider = bindMemoryProvider(guest);
    },
  ],
  [
    'learning',
    (guest: GuestCore, bound: BoundExports) => {
      bound.learning = bindLearning(guest);
    },
  ],
  [
    'api-extension',
    (guest: GuestCore, bound: BoundExports) => {
      bound.apiExtension = bindApiExtension(guest);
    },
  ],
]);

/** What answers the interfaces that a plugin may import. One that is missing is not offered. */
export interface ImportedServices {
  readonly logging?: Logging;
  readonly config?: Config;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly metrics?: Metrics;
  readonly memory?: Memory;
  readonly signals?: Signals;
  readonly plugins?: Plugins;
  readonly http?: Http;
}

/** Serves an imported interface by the name of its core module. */
export const IMPORTS: ReadonlyMap<string, (guest: GuestCore, services: ImportedServices) => CoreFunctions | undefined> =
  new Map([
    [
      'hal9:plugin/logging@0.1.0',
      (guest: GuestCore, services: ImportedServices) => services.logging && serveLogging(guest, services.logging),
    ],
    [
      'hal9:plugin/config@0.1.0',
      (guest: GuestCore, services: ImportedServices) => services.config && serveConfig(guest, services.config),
    ],
    [
      'hal9:plugin/clock@0.1.0',
      (guest: GuestCore, services: ImportedServices) => services.clock && serveClock(guest, services.clock),
    ],
    [
      'hal9:plugin/random@0.1.0',
      (guest: GuestCore, services: ImportedServices) => services.random && serveRandom(guest, services.random),
    ],
    [
      'hal9:plugin/metrics@0.1.0',
      (guest: GuestCore, services: ImportedServices) => services.metrics && serveMetrics(guest, services.metrics),
    ],
    [
      'hal9:plugin/memory@0.1.0',
      (guest: GuestCore, services: ImportedServices) => services.memory && serveMemory(guest, services.memory),
    ],
    [
      'hal9:plugin/signals@0.1.0',
      (guest: GuestCore, services: ImportedServices) => services.signals && serveSignals(guest, services.signals),
    ],
    [
      'hal9:plugin/plugins@0.1.0',
      (guest: GuestCore, services: ImportedServices) => services.plugins && servePlugins(guest, services.plugins),
    ],
    [
      'hal9:plugin/http@0.1.0',
      (guest: GuestCore, services: ImportedServices) => services.http && serveHttp(guest, services.http),
    ],
  ]);
