import { type ClientHttp2Session, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import type { BurstOrder } from './burst.js';
import { frame } from './frames.js';

const SERVICE = '/hal9.plugin.v1.PluginExecution';

export const headersFor = (method: string): OutgoingHttpHeaders => ({
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: `${SERVICE}/${method}`,
  'content-type': 'application/grpc',
  te: 'trailers',
});

/** The calls of one burst of unary calls, and what became of them. */
export class UnaryCalls {
  /** From a call to the end of its answer, in milliseconds and in the order of the answers. */
  readonly times: number[] = [];
  wrong = 0;
  readonly #session: ClientHttp2Session;
  readonly #message: Buffer;
  readonly #headers = headersFor('ProcessSignal');
  readonly #minAnswerBytes: number;

  constructor(session: ClientHttp2Session, { message, minAnswerBytes }: BurstOrder) {
    this.#session = session;
    this.#message = frame(Buffer.from(message, 'base64'));
    this.#minAnswerBytes = minAnswerBytes;
  }

  send(answered: () => void, failed: (error: Error) => void): void {
    const from = performance.now();
    let bytes = 0;
    let status: unknown;
    const call = this.#session.request(this.#headers);
    call.on('response', (h) => (status = h['grpc-status'] ?? status));
    call.on('trailers', (h: IncomingHttpHeaders) => (status = h['grpc-status']));
    call.on('data', (chunk: Buffer) => (bytes += chunk.length));
    call.on('error', failed);
    call.on('end', () => {
      this.times.push(performance.now() - from);
      if (status !== '0' || bytes < this.#minAnswerBytes) this.wrong++;
      answered();
    });
    call.end(this.#message);
  }
}
