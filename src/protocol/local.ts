/** What passes between `hal9 plugin test` or `profile` and the thread that runs the plugin for it. */
import type { BindFailedMessage, Binding, FromWorker } from './bind.js';
import type { CallKind } from './calls.js';
import type { HostLink } from './host-calls.js';
import type { Outcome } from './outcomes.js';

/** Begins the thread's work, which is one plugin and a few calls. */
export interface LocalOrder {
  binding: Binding;
  host: HostLink;
  /** See `running.ts`: calls are numbered from 1. */
  running: SharedArrayBuffer;
  calls: readonly LocalCall[];
  /** Whether the module tells when functions are entered and left (`wasm/profile/instrument.ts`). */
  profiled: boolean;
  /** The moment at which the guest's clock stands, and what its random numbers follow from: so that each run is the same. */
  nowMs: number;
  seed: Uint32Array;
}

export interface LocalCall {
  kind: CallKind;
  fuel: number;
  /** As in `calls.ts`. */
  bytes: Uint8Array;
}

/** In this order: loaded, an outcome for each call until one is dead, done. */
export type LocalMessage =
  | { type: 'loaded' }
  | { type: 'load-failed'; cause: BindFailedMessage['cause']; message: string }
  | { type: 'outcome'; outcome: Outcome }
  | { type: 'done'; profile: CallTree | undefined }
  | Extract<FromWorker, { type: 'log' | 'metrics' | 'uses' }>;

/**
 * Fuel by the stack of functions that used it: a tree, whose nodes are numbered so that parents come before children. Node 0
 * is the host, which called the guest.
 */
export interface CallTree {
  /** Index of the function in the module as it was brought, or one of TREE. */
  functions: Int32Array;
  parents: Int32Array;
  /** Fuel used by the function itself, in all calls with this stack. */
  self: Float64Array;
  calls: Float64Array;
}

/** What a node stands for besides a function. */
export const TREE = {
  /** The host: what is below was called by it. */
  host: -1,
  /** Bytes that were copied into or out of the guest's memory for the function above. */
  copied: -2,
  /** Stacks beyond the bound on their number: what is below is told by function alone. */
  more: -3,
} as const;
