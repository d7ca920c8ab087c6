import type { CallOrigin } from '../host/asking.js';
import type { HostCalls } from '../host/session.js';
import type { Binding, LogMessage, MetricsMessage, UsesMessage } from '../protocol/bind.js';
import type { LimitName, OutcomeType } from '../protocol/outcomes.js';
import type { CallObserver } from './call.js';
import type { Death } from './life.js';

/** What a crew runs, and how. */
export interface CrewSpec {
  binding: Binding;
  /** Answers what the guest asks of the main thread. */
  host: HostCalls;
  /** One life for as long as the plugin is active; its memory is the plugin's state. */
  stateful: boolean;
  maxLives: number;
  /** Calls that may wait, and what their messages may hold together. */
  queue: { maxCalls: number; maxBytes: number };
  /** Wall-clock limit of a call, from its start in the guest. */
  callMs: number;
  /** Budget of a call whose request names none. */
  callFuel: number;
  /** For load, activate, deactivate and unload. */
  lifecycleMs: number;
}

/** The call that a thread was ended in. */
export interface EndedCall extends CallOrigin {
  /** As its caller is told it; undefined where the thread was ended from outside, and its counter with it. */
  fuel?: number | undefined;
}

/** What a crew reports. */
export interface CrewObserver extends CallObserver {
  /** A thread was ended because of what its guest did: a limit's name, an outcome, or what went wrong in the thread. */
  killed(reason: LimitName | OutcomeType | Death['cause'], message: string, call?: EndedCall): void;
  /** A call was refused since the queue is full. */
  limited(limit: 'queued-calls' | 'queued-bytes'): void;
  log(message: LogMessage, originOf: (call: number) => CallOrigin | undefined): void;
  metrics(message: MetricsMessage): void;
  /** What the guest tried that needs a permission. */
  uses(message: UsesMessage): void;
}
