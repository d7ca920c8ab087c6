import type { ClientDuplexStream } from '@grpc/grpc-js';
import { CallError } from './call-error.js';
import type { StreamSignalsRequest, StreamSignalsResponse } from './messages.js';

type Stream = ClientDuplexStream<StreamSignalsRequest, StreamSignalsResponse>;

/**
 * One StreamSignals call. Requests are sent, answers are iterated; they come as they are ready, each with its request's
 * id. Iteration ends when the server has answered everything after `end`; it throws CallError when the stream fails.
 */
export class SignalStream implements AsyncIterable<StreamSignalsResponse> {
  readonly #stream: Stream;
  #over = false;
  /** Each `send` that waits for room. */
  readonly #waiting: (() => void)[] = [];

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.on('drain', () => this.#wakeAll());
    // The last event of every call, however it ended; the transport takes nothing more, and says so to nobody.
    stream.on('status', () => {
      this.#over = true;
      this.#wakeAll();
    });
    // A failure is thrown where the answers are read; without a listener it would end the process before.
    stream.on('error', () => {});
  }

  /**
   * Resolves when the next request may be sent: at once, or when the transport has room again. What is sent after the
   * end of the call is lost; the iteration says why it ended.
   */
  async send(request: StreamSignalsRequest): Promise<void> {
    if (this.#over || this.#stream.write(request)) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** No more requests. */
  end(): void {
    this.#stream.end();
  }

  /** Hangs up. */
  cancel(): void {
    this.#stream.cancel();
  }

  #wakeAll(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamSignalsResponse> {
    try {
      for await (const answer of this.#stream) yield answer as StreamSignalsResponse;
    } catch (error) {
      throw CallError.from(error);
    }
  }
}
