import { stands } from '../protocol/defences.js';
import type { Call } from './call.js';

/** A bounded queue of calls of one plugin, first in first out; taking is O(1). */
export class CallQueue {
  readonly #maxCalls: number;
  readonly #maxBytes: number;
  #calls: Call[] = [];
  #head = 0;
  #bytes = 0;

  constructor(bounds: { maxCalls: number; maxBytes: number }) {
    this.#maxCalls = bounds.maxCalls;
    this.#maxBytes = bounds.maxBytes;
  }

  /** Includes calls that were settled while they waited; those are skipped when taken. */
  get length(): number {
    return this.#calls.length - this.#head;
  }

  /** Of what the calls carry. */
  get bytes(): number {
    return this.#bytes;
  }

  /** False when the queue is full: the call was not taken. */
  push(call: Call): boolean {
    if (!this.#fits(call)) this.#replace([...this]);
    if (!this.#fits(call) && stands('queue-bound')) return false;
    this.#calls.push(call);
    this.#bytes += call.bytes.length;
    return true;
  }

  /** Puts calls that had not started back to the front, in their order. May exceed the bound: they were admitted once. */
  putBack(calls: readonly Call[]): void {
    if (calls.length > 0) this.#replace([...calls, ...this]);
  }

  /** The next call that still wants an answer. */
  take(): Call | undefined {
    while (this.#head < this.#calls.length) {
      const call = this.#calls[this.#head++];
      if (call === undefined) continue;
      this.#bytes -= call.bytes.length;
      if (this.#head > 64 && this.#head * 2 > this.#calls.length) this.#compact();
      if (!call.settled) return call;
    }
    if (this.#head > 0) this.#compact();
    return undefined;
  }

  /** All that wait, first to last. */
  *[Symbol.iterator](): Generator<Call> {
    for (let i = this.#head; i < this.#calls.length; i++) {
      const call = this.#calls[i];
      if (call !== undefined && !call.settled) yield call;
    }
  }

  #fits(call: Call): boolean {
    return this.length < this.#maxCalls && this.#bytes + call.bytes.length <= this.#maxBytes;
  }

  #compact(): void {
    this.#calls = this.#calls.slice(this.#head);
    this.#head = 0;
  }

  #replace(calls: Call[]): void {
    this.#calls = calls;
    this.#head = 0;
    this.#bytes = calls.reduce((sum, call) => sum + call.bytes.length, 0);
  }
}
