import { setMaxListeners } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { MessageChannel } from 'node:worker_threads';
import { type HostAnswer, type HostLink, type HostRequest, packAnswer, unpackRequest } from '../protocol/host-calls.js';
import type { Asking, AskingCall } from './asking.js';
import type { LimitUse } from './limit-use.js';

/** Who answers a plugin's host calls. */
export interface HostCalls {
  answer(request: HostRequest, asking: Asking): Promise<HostAnswer>;
  /** What the plugin uses of its rates and quotas; not there where it has none. */
  uses?(): Promise<readonly LimitUse[]>;
}

/**
 * The host calls of one life. A guest waits for each, so there is one at a time; a worker that sends a second one, or what is no
 * request, is not the one that we wrote.
 */
export class HostSession {
  /** For the worker; to be transferred. */
  readonly link: HostLink;
  readonly #port: MessagePort;
  readonly #bell: Int32Array;
  readonly #calls: HostCalls;
  readonly #onFault: (message: string) => void;
  readonly #ended = new AbortController();
  readonly #running: () => AskingCall | undefined;
  #pending = false;

  /**
   * @param onFault the worker broke the protocol; its thread is to be ended
   * @param running the call that runs in this life; none by default
   */
  constructor(
    calls: HostCalls,
    onFault: (message: string) => void,
    running: () => AskingCall | undefined = () => undefined,
  ) {
    const { port1, port2 } = new MessageChannel();
    const bell = new SharedArrayBuffer(4);
    this.link = { port: port2, bell };
    this.#port = port1;
    this.#bell = new Int32Array(bell);
    this.#calls = calls;
    this.#onFault = onFault;
    this.#running = running;
    // Whatever the life has open listens; how much that is is bounded.
    setMaxListeners(0, this.#ended.signal);
    port1.on('message', (message: unknown) => this.#receive(message));
  }

  /** The life has ended, or is being ended: what is pending is cancelled, and nothing is answered any more. */
  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#port.close();
  }

  #receive(message: unknown): void {
    if (this.#ended.signal.aborted) return;
    const request = unpackRequest(message);
    if (request === undefined) return this.#onFault('the worker sent what is no host call');
    if (this.#pending) return this.#onFault('the worker sent a host call while another one was pending');
    this.#pending = true;
    // A guest that asks again at once finds its port still being read: Node takes up to 1,000 messages from a port before it looks
    // at anything else. So each answer costs the guest a turn of the event loop, in which everybody else is served.
    setImmediate(() => void this.#answer(request));
  }

  async #answer(request: HostRequest): Promise<void> {
    const answer = await this.#calls.answer(request, { signal: this.#ended.signal, call: this.#running() });
    this.#pending = false;
    if (this.#ended.signal.aborted) return;
    const buffer = packAnswer(request.number, answer);
    this.#port.postMessage(buffer, [buffer]);
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }
}
