/**
 * What a worker says about itself while it cannot send messages: which call it runs, since when. The worker writes,
 * the main thread reads when a deadline fires or the thread has ended.
 *
 * Layout of the shared buffer: int32 `started` (number of the call that was started last), int32 `finished`
 * (the one that was finished last), float64 `startedAtMs` (of `started`, on the clock of `monotonic.ts`; while `started`
 * is 0, when the worker began to load its plugin, and 0 before that).
 */
const BYTES = 16;

export interface RunningState {
  /** Number of the call that was started last; 0 before the first. */
  started: number;
  /** Number of the call that was finished last. Equal to `started` when nothing runs. */
  finished: number;
  startedAtMs: number;
}

export function createRunningBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(BYTES);
}

/** The worker's side. */
export class RunningWriter {
  readonly #numbers: Int32Array;
  readonly #times: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#numbers = new Int32Array(buffer, 0, 2);
    this.#times = new Float64Array(buffer, 8, 1);
  }

  startLoading(nowMs: number): void {
    this.#times[0] = nowMs;
  }

  start(call: number, nowMs: number): void {
    this.#times[0] = nowMs;
    Atomics.store(this.#numbers, 0, call);
  }

  finish(call: number): void {
    Atomics.store(this.#numbers, 1, call);
  }
}

/** The main thread's side. */
export class RunningReader {
  readonly #numbers: Int32Array;
  readonly #times: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#numbers = new Int32Array(buffer, 0, 2);
    this.#times = new Float64Array(buffer, 8, 1);
  }

  read(): RunningState {
    const finished = Atomics.load(this.#numbers, 1);
    const started = Atomics.load(this.#numbers, 0);
    return { started, finished, startedAtMs: this.#times[0] ?? 0 };
  }
}
