import type { AskingCall, CallOrigin, CallPath } from '../host/asking.js';
import type { CallKind, OutgoingCall } from '../protocol/calls.js';
import { monotonicMs } from '../protocol/monotonic.js';
import type { Outcome, OutcomeType } from '../protocol/outcomes.js';

export interface CallRequest {
  kind: CallKind;
  /** A protobuf message as the client sent it; see `protocol/calls.ts`. */
  bytes: Uint8Array;
  /** The caller's deadline on the clock of `protocol/monotonic.ts`; Infinity for none. */
  deadlineMs: number;
  /** Budget; undefined for the plugin's own. */
  fuel: number | undefined;
  /** Of a signal; 0 for a tool call. */
  layer: number;
  /** How it came about, where a plugin brought it about. */
  path?: CallPath | undefined;
  /** See `WITHHELD` in `protocol/calls.ts`; nothing by default. */
  withheld?: number | undefined;
  /** Read only when a log line needs it. */
  origin: () => CallOrigin;
  /** Called exactly once. */
  settle: (outcome: Outcome, waits: CallWaits) => void;
}

/** What a call cost besides its outcome. */
export interface CallWaits {
  /** From submission to the start in the guest. */
  queueTimeUs: number;
  /** Of its fuel, what plugins used that it called. */
  calledFuel: number;
}

/** Who counts calls. */
export interface CallObserver {
  called(
    kind: CallKind,
    outcome: OutcomeType,
    guestTimeUs: number,
    queueTimeUs: number,
    fuel: number | undefined,
  ): void;
}

/** One piece of work for one plugin, from its submission until it is settled. */
export class Call implements OutgoingCall, AskingCall {
  readonly kind: CallKind;
  readonly bytes: Uint8Array;
  readonly deadlineMs: number;
  readonly fuel: number;
  readonly layer: number;
  readonly path: CallPath | undefined;
  readonly withheld: number;
  readonly origin: () => CallOrigin;
  readonly submittedMs: number;
  readonly #settle: CallRequest['settle'];
  readonly #observer: CallObserver;
  #settled = false;
  #calledFuel = 0;
  #listeners: ((outcome: OutcomeType) => void)[] | undefined;

  constructor(request: CallRequest, defaultFuel: number, observer: CallObserver) {
    this.kind = request.kind;
    this.bytes = request.bytes;
    this.deadlineMs = request.deadlineMs;
    this.fuel = request.fuel ?? defaultFuel;
    this.layer = request.layer;
    this.path = request.path;
    this.withheld = request.withheld ?? 0;
    this.origin = request.origin;
    this.#settle = request.settle;
    this.#observer = observer;
    this.submittedMs = monotonicMs();
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Hands the outcome to the caller. A second outcome (of a call that was cancelled meanwhile, say) is dropped. */
  settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    const waitedMs = monotonicMs() - this.submittedMs - outcome.guestTimeUs / 1000;
    const queueTimeUs = Math.max(0, Math.round(waitedMs * 1000));
    const calledFuel = this.#calledFuel;
    // What others used is counted as theirs.
    const own = outcome.fuel === undefined ? undefined : Math.max(0, outcome.fuel - calledFuel);
    this.#observer.called(this.kind, outcome.type, outcome.guestTimeUs, queueTimeUs, own);
    this.#settle(outcome, { queueTimeUs, calledFuel });
    for (const listener of this.#listeners ?? []) listener(outcome.type);
  }

  whenSettled(listener: (outcome: OutcomeType) => void): void {
    this.#listeners ??= [];
    this.#listeners.push(listener);
  }

  lent(fuel: number): void {
    this.#calledFuel += fuel;
  }
}
