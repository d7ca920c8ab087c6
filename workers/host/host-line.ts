import { receiveMessageOnPort } from 'node:worker_threads';
import {
  type HostLink,
  type HostOperation,
  packRequest,
  type ReceivedAnswer,
  unpackAnswer,
} from '../../src/protocol/host-calls.js';
import { monotonicMs } from '../../src/protocol/monotonic.js';

type Refusal = Extract<ReceivedAnswer, { ok: false }>;

/**
 * Asks the main thread, and waits: the guest's thread sleeps until the answer is there, or until the thread is ended, which
 * the main thread does when the call's deadline passes. So the wait needs no bound of its own.
 */
export class HostLine {
  readonly #port: HostLink['port'];
  readonly #bell: Int32Array;
  /** What the main thread would answer again until that moment: so a flood of requests stays in this thread. */
  readonly #quiet = new Map<HostOperation, { untilMs: number; answer: Refusal }>();
  #number = 0;
  #timeWithheld = false;

  constructor({ port, bell }: HostLink) {
    this.#port = port;
    this.#bell = new Int32Array(bell);
  }

  /** A call starts. One that time is withheld from is not to see when a refusal ends: it asks, and waits. */
  beginCall(timeWithheld: boolean): void {
    this.#timeWithheld = timeWithheld;
  }

  /** The fields are copied. */
  ask(operation: HostOperation, fields: readonly Uint8Array[]): ReceivedAnswer {
    const quiet = this.#timeWithheld ? undefined : this.#quiet.get(operation);
    if (quiet !== undefined && monotonicMs() < quiet.untilMs) return quiet.answer;
    this.#number = (this.#number + 1) >>> 0;
    const request = packRequest(this.#number, operation, fields);
    this.#port.postMessage(request, [request]);
    const answer = this.#answerTo(this.#number);
    if (!answer.ok && answer.quietMs > 0)
      this.#quiet.set(operation, { untilMs: monotonicMs() + answer.quietMs, answer });
    return answer;
  }

  /** An answer to another request than this one is of no use to anybody, and is dropped. */
  #answerTo(number: number): ReceivedAnswer {
    for (;;) {
      const rung = Atomics.load(this.#bell, 0);
      const received = receiveMessageOnPort(this.#port) as { message: unknown } | undefined;
      if (received === undefined) Atomics.wait(this.#bell, 0, rung);
      else {
        const answer = unpackAnswer(received.message);
        if (answer?.number === number) return answer;
      }
    }
  }
}
