import type { Call } from './call.js';

/** A bounded queue of calls of one plugin, first in first out; taking is O(1). */
export class CallQueue {
  readonly maxLength: number;
  #calls: Call[] = [];
  #head = 0;

  constructor(maxLength: number) {
    this.maxLength = maxLength;
  }

  /** Includes calls that were settled while they waited; those are skipped when taken. */
  get length(): number {
    return this.#calls.length - this.#head;
  }

  /** False when the queue is full: the call was not taken. */
  push(call: Call): boolean {
    if (this.length >= this.maxLength) this.#dropSettled();
    if (this.length >= this.maxLength) return false;
    this.#calls.push(call);
    return true;
  }

  /** Puts calls that had not started back to the front, in their order. May exceed the bound: they were admitted once. */
  putBack(calls: readonly Call[]): void {
    this.#calls = [...calls, ...this.#calls.slice(this.#head)];
    this.#head = 0;
  }

  /** The next call that still wants an answer. */
  take(): Call | undefined {
    while (this.#head < this.#calls.length) {
      const call = this.#calls[this.#head++];
      if (this.#head > 64 && this.#head * 2 > this.#calls.length) this.#compact();
      if (call !== undefined && !call.settled) return call;
    }
    this.#compact();
    return undefined;
  }

  /** All that wait, first to last. */
  *[Symbol.iterator](): Generator<Call> {
    for (let i = this.#head; i < this.#calls.length; i++) {
      const call = this.#calls[i];
      if (call !== undefined && !call.settled) yield call;
    }
  }

  #compact(): void {
    this.#calls = this.#calls.slice(this.#head);
    this.#head = 0;
  }

  #dropSettled(): void {
    this.#calls = [...this];
    this.#head = 0;
  }
}
