import type { CallKind } from '../protocol/calls.js';
import type { OutcomeType } from '../protocol/outcomes.js';
import type { Rights } from './service.js';

/** Who asked, for the log. */
export interface CallOrigin {
  requestId: string;
  traceId: string;
}

/** A plugin by its names. */
export interface PluginName {
  readonly id: string;
  readonly name: string;
}

/** A plugin whose call waits for that of another one. */
export interface Waiting extends PluginName {
  readonly rights: Rights;
}

/** How a call came about that a plugin brought about. */
export interface CallPath {
  /** The plugins that the chain of signals came by, the first one first. */
  readonly passed: readonly PluginName[];
  /** The plugins that wait for this call, the outermost first. */
  readonly waiting: readonly Waiting[];
  /** What the request from outside, where all began, may still bring about. */
  readonly budget: { deliveries: number };
}

/** A call from its submission until it is settled, as the host services of its plugin see it. */
export interface AskingCall {
  readonly kind: CallKind;
  /** Of a signal, 1 to 9; 0 of a tool call. */
  readonly layer: number;
  /** On the clock of `protocol/monotonic.ts`; Infinity for none. */
  readonly deadlineMs: number;
  readonly origin: () => CallOrigin;
  /** Undefined for a call from outside. */
  readonly path: CallPath | undefined;
  /** Calls it once, with what came of the call. */
  whenSettled(listener: (outcome: OutcomeType) => void): void;
  /** Another plugin has used so much of this call's fuel. */
  lent(fuel: number): void;
}

/** In what a guest asks its host. */
export interface Asking {
  /** Aborted when the life that asks has ended: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** The call that runs; undefined while the plugin is loaded or unloaded. */
  readonly call: AskingCall | undefined;
}
