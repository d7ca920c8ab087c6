import type { CallKind, OutgoingCall } from '../protocol/calls.js';
import { monotonicMs } from '../protocol/monotonic.js';
import type { Outcome, OutcomeType } from '../protocol/outcomes.js';

/** Who asked, for the log. */
export interface CallOrigin {
  requestId: string;
  traceId: string;
}

export interface CallRequest {
  kind: CallKind;
  /** A protobuf message as the client sent it; see `protocol/calls.ts`. */
  bytes: Uint8Array;
  /** The caller's deadline on the clock of `protocol/monotonic.ts`; Infinity for none. */
  deadlineMs: number;
  /** Budget; undefined for the plugin's own. */
  fuel: number | undefined;
  /** Read only when a log line needs it. */
  origin: () => CallOrigin;
  /** Called exactly once. `queueTimeUs`: from submission to the start in the guest. */
  settle: (outcome: Outcome, queueTimeUs: number) => void;
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
export class Call implements OutgoingCall {
  readonly kind: CallKind;
  readonly bytes: Uint8Array;
  readonly deadlineMs: number;
  readonly fuel: number;
  readonly origin: () => CallOrigin;
  readonly submittedMs: number;
  readonly #settle: CallRequest['settle'];
  readonly #observer: CallObserver;
  #settled = false;

  constructor(request: CallRequest, defaultFuel: number, observer: CallObserver) {
    this.kind = request.kind;
    this.bytes = request.bytes;
    this.deadlineMs = request.deadlineMs;
    this.fuel = request.fuel ?? defaultFuel;
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
    this.#observer.called(this.kind, outcome.type, outcome.guestTimeUs, queueTimeUs, outcome.fuel);
    this.#settle(outcome, queueTimeUs);
  }
}
