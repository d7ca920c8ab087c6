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

  constructor(stream: Stream) {
    this.#stream = stream;
    // A failure is thrown where the answers are read; without a listener it would end the process before.
    stream.on('error', () => {});
  }

  /** Resolves when the next request may be sent: at once, or when the transport has room again. */
  async send(request: StreamSignalsRequest): Promise<void> {
    if (this.#stream.write(request)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done);
        this.#stream.off('close', done);
        resolve();
      };
      this.#stream.on('drain', done);
      this.#stream.on('close', done);
    });
  }

  /** No more requests. */
  end(): void {
    this.#stream.end();
  }

  /** Hangs up. */
  cancel(): void {
    this.#stream.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamSignalsResponse> {
    try {
      for await (const answer of this.#stream) yield answer as StreamSignalsResponse;
    } catch (error) {
      throw CallError.from(error);
    }
  }
}
