import type { AskingCall } from '../host/asking.js';
import { peekSignalLayer } from '../protocol/codec.js';
import type { LocalCall } from '../protocol/local.js';
import type { OutcomeType } from '../protocol/outcomes.js';
import { createRunningBuffer, RunningReader } from '../protocol/running.js';

/** The calls of a local run, as the host services see them. */
export class LocalCalls {
  /** For the worker, which writes into it what runs. */
  readonly buffer = createRunningBuffer();
  readonly #reader = new RunningReader(this.buffer);
  readonly #calls: readonly Asking[];

  constructor(calls: readonly LocalCall[]) {
    this.#calls = calls.map((call) => new Asking(call));
  }

  get running(): AskingCall | undefined {
    const { started, finished } = this.#reader.read();
    return started === finished ? undefined : this.#calls[started - 1];
  }

  /** @param number from 1 */
  settle(number: number, outcome: OutcomeType): void {
    this.#calls[number - 1]?.settle(outcome);
  }
}

/** From outside, and nobody traces it. */
class Asking implements AskingCall {
  readonly kind: AskingCall['kind'];
  readonly layer: number;
  readonly deadlineMs = Infinity;
  readonly path = undefined;
  readonly #listeners: ((outcome: OutcomeType) => void)[] = [];

  constructor({ kind, bytes }: LocalCall) {
    this.kind = kind;
    this.layer = kind === 'signal' ? peekSignalLayer(bytes) : 0;
  }

  readonly origin = () => ({ requestId: '', traceId: '' });

  whenSettled(listener: (outcome: OutcomeType) => void): void {
    this.#listeners.push(listener);
  }

  lent(): void {
    // There is no other plugin to call.
  }

  settle(outcome: OutcomeType): void {
    for (const listener of this.#listeners) listener(outcome);
  }
}
