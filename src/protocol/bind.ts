import type { HostLink } from './host-calls.js';
import type { Rate } from './token-bucket.js';

/**
 * The messages between the main thread and a worker that are not calls: few, typed, structured-cloned.
 * Calls and their outcomes are packed bytes (`frames.ts`).
 */

import type { AssetImage } from './assets.js';

/** What binds a life to one plugin, for good: its first message. */
export interface BindMessage {
  type: 'bind';
  plugin: { id: string; name: string; version: string };
  hostVersion: string;
  /** Compiled; its code is shared between threads. */
  module: WebAssembly.Module;
  /** How the module counts its fuel. The server meters every module; undefined is for measurements without it. */
  metering: Metering | undefined;
  /** Interfaces of `hal9:plugin` that the module exports, for instance `neuron`. */
  exports: readonly string[];
  /** The plugin's configuration: one JSON object as text. */
  config: string;
  tools: readonly ToolDeclaration[];
  grants: GuestGrants;
  limits: GuestBounds;
  /** What the guest finds in `/assets`; undefined where it has none. */
  assets?: AssetImage | undefined;
  /** Directories of the host that the guest finds, by its own names for them; none by default. What it may do there is decided elsewhere. */
  directories?: readonly string[];
  /** Written by the worker, read by the main thread: see `running.ts`. */
  running: SharedArrayBuffer;
  /** What the guest's host calls are asked through, where they need the main thread; undefined for measurements without it. */
  host?: HostLink;
}

/** What a life is told of its plugin; the rest belongs to the life. */
export type Binding = Omit<BindMessage, 'type' | 'running' | 'host'>;

/** Which byte of the original module a byte of the metered one stands for: see `wasm/fuel/offset-map.ts`. */
export interface Offsets {
  readonly metered: Uint32Array;
  readonly original: Uint32Array;
}

/** How the module counts its fuel: see `wasm/fuel/meter.ts`. */
export interface Metering {
  /** The export to call once right after instantiation, in place of a start function. */
  start: string | undefined;
  /** What instantiation itself costs. */
  instantiationFuel: number;
  /** For instantiation, start, load and activate, each. */
  loadFuel: number;
  /** Which byte of the original module a byte of the metered one stands for; in shared memory. */
  offsets: Offsets;
}

/** A tool's parameters as the manifest declares them; what the worker validates against. */
export interface ToolDeclaration {
  name: string;
  parameters: readonly ToolParameterDeclaration[];
}

export type ParameterType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';

export interface ToolParameterDeclaration {
  name: string;
  type: ParameterType;
  required: boolean;
  /** One JSON text. */
  defaultValue?: string;
}

/** What the guest may see of the world. Nothing is granted by default. */
export interface GuestGrants {
  /** SystemTime: without it, the clock stands at the call's start. */
  time: boolean;
  /** SystemRandom: without it, the stream is seeded per instance. */
  random: boolean;
  env: Readonly<Record<string, string>>;
}

/** Bounds on one instance. */
export interface GuestBounds {
  /** All memories together, as written into the module. */
  memoryBytes: number;
  /** What one call may return, lifted. */
  outputBytes: number;
  outputElements: number;
  /** What the guest may hand to one host call, lifted. */
  hostCallBytes: number;
  /** Random bytes of one call of the contract's `random.bytes`. */
  randomBytes: number;
  logLineBytes: number;
  logLines: Rate;
  logBytes: Rate;
  metrics: MetricBounds;
}

/** Bounds on the metrics that a plugin reports. */
export interface MetricBounds {
  names: number;
  /** Combinations of kind, name and labels. */
  series: number;
  /** Labels of one sample. */
  labels: number;
  /** Of a label's name, and of its value. */
  labelBytes: number;
  /** Observations are passed on one by one; counters and gauges are summed up. */
  observationsPerSecond: number;
}

/** Ends a life in order: lifecycle `deactivate` and `unload`, then `ended`. */
export interface EndMessage {
  type: 'end';
}

export type ToWorker = BindMessage | EndMessage | ArrayBuffer;

/** The life is bound, set up, and takes calls. */
export interface BoundMessage {
  type: 'bound';
  /** The operating system's number of the thread, where it has one. */
  osThread: number | undefined;
  memoryBytes: number;
  /** What loading took inside the worker, in microseconds: instantiate, initialise, load, activate. */
  loadUs: number;
}

/** The life could not be bound; it must be ended. */
export interface BindFailedMessage {
  type: 'bind-failed';
  /** `plugin-error`: the plugin's own load or activate said no. */
  cause: 'plugin-error' | 'trap' | 'limit' | 'host-bug';
  message: string;
}

export interface EndedMessage {
  type: 'ended';
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Lines of the guest, in order, with what was dropped since the last message. */
export interface LogMessage {
  type: 'log';
  lines: readonly LogLine[];
  droppedLines: number;
  droppedBytes: number;
}

export interface LogLine {
  level: LogLevel;
  text: string;
  /** The call that was running, as in its frame; 0 outside calls. */
  call: number;
  /** Where the line came from: the logging interface, or WASI's standard output or error. */
  stream: 'log' | 'stdout' | 'stderr';
}

/** Metrics that the guest reported, summed up since the last message. */
export interface MetricsMessage {
  type: 'metrics';
  samples: readonly MetricSample[];
  dropped: number;
}

export interface MetricSample {
  kind: 'counter' | 'gauge' | 'histogram';
  name: string;
  value: number;
  labels: readonly (readonly [string, string])[];
}

/**
 * How often the guest has tried what needs a permission, since the last message. Whether it had the permission is known where the
 * message arrives: an instance's grants never change.
 */
export interface UsesMessage {
  type: 'uses';
  /** The clock was read. */
  time: number;
  /** Random numbers were drawn. */
  random: number;
  /** The environment was read, which is all of it at a time. */
  environment: number;
}

/** A fault of the worker's own code. The life must be ended. */
export interface WorkerFaultMessage {
  type: 'fault';
  message: string;
}

export type FromWorker =
  | BoundMessage
  | BindFailedMessage
  | EndedMessage
  | LogMessage
  | MetricsMessage
  | UsesMessage
  | WorkerFaultMessage
  | ArrayBuffer;
