import type { ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';
import { HostError } from '../errors.js';
import { CLIENT_LIMITS } from '../limits/clients.js';
import { SERVER_LIMITS } from '../limits.js';
import { METHOD_ROLES, OPEN } from './method-roles.js';
import { type ServiceRefusal, toServiceError } from './status.js';
import { type Held, Unsent } from './unsent.js';

/** How much of requests that are not complete is held, and for how long. */
export interface UnfinishedBounds {
  /** Over all connections; beyond it, the connection that has the most is closed. */
  maxBytes: number;
  /** Between the headers of a call with one request, and the end of that request. */
  requestMs: number;
  /** The same two of a method that is open to everybody, for each call. */
  maxOpenBytes: number;
  openRequestMs: number;
  checkMs: number;
}

const DEFAULT_BOUNDS: UnfinishedBounds = {
  maxBytes: CLIENT_LIMITS.maxUnfinishedBytes,
  requestMs: CLIENT_LIMITS.requestMs,
  maxOpenBytes: CLIENT_LIMITS.maxOpenRequestBytes,
  openRequestMs: CLIENT_LIMITS.openRequestMs,
  checkMs: SERVER_LIMITS.connectionCheckMs,
};

export interface UnfinishedOptions {
  /** @param peer `getPeer()` of a call. */
  disconnect: (peer: string) => void;
  /** Told of each call that is ended. */
  refused: (path: string, refusal: ServiceRefusal) => void;
  bounds?: Partial<UnfinishedBounds> | undefined;
}

type Call = Parameters<ServerInterceptor>[1];
type CallListener = Parameters<Call['start']>[0];

/** Of a call of grpc-js, which counts no bytes before a message is whole, and has no public name for this. */
interface Streamed {
  readonly stream: ServerHttp2Stream;
}

interface Request {
  path: string;
  call: Call;
  stream: ServerHttp2Stream;
  held: Held;
  open: boolean;
  /** Whether it was refused. */
  ended: boolean;
  /** Of `performance.now()`. */
  endsMs: number;
}

/**
 * What has come of requests that are not complete. grpc-js keeps the parts of a message until it is whole, however long that
 * takes: a client that never finishes, on many calls, would fill the memory. A method that is open to strangers takes little;
 * a call with one request has a deadline for it; and everything together is bounded.
 */
export class Unfinished {
  readonly #bounds: UnfinishedBounds;
  readonly #options: UnfinishedOptions;
  readonly #bytes: Unsent;
  readonly #waiting = new Set<Request>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UnfinishedOptions) {
    this.#bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
    this.#options = options;
    this.#bytes = new Unsent(this.#bounds.maxBytes, options.disconnect);
  }

  get bytes(): number {
    return this.#bytes.bytes;
  }

  /** Looks at each call from its headers on. */
  readonly interceptor: ServerInterceptor = ({ path, requestStream }, call) => {
    const { stream } = call as unknown as Streamed;
    const open = METHOD_ROLES[path] === OPEN;
    const endsMs = performance.now() + (open ? this.#bounds.openRequestMs : this.#bounds.requestMs);
    const request: Request = { path, call, stream, held: this.#bytes.hold(call), open, ended: false, endsMs };
    if (!requestStream) this.#wait(request);
    this.#watch(request, requestStream);
    // The types ask for the class, grpc-js for what it offers.
    return call as ServerInterceptingCall;
  };

  #watch(request: Request, requestStream: boolean): void {
    const { call, stream, held } = request;
    const complete = (): void => {
      this.#waiting.delete(request);
      held.release();
    };
    // grpc-js, which has paused the stream, reads it when it is ready to.
    stream.on('data', (bytes: Buffer) => this.#received(request, bytes.length));
    stream.once('close', complete);
    const start = call.start;
    call.start = (listener) => {
      if (requestStream) first(listener, 'onReceiveMessage', () => held.add(-held.bytes));
      first(listener, 'onReceiveHalfClose', complete);
      // Answered before its request was complete: the parts are kept for as long as the stream is.
      first(listener, 'onCancel', () => {
        this.#waiting.delete(request);
        if (held.bytes > 0) closeSoon(stream);
      });
      start.call(call, listener);
    };
  }

  #received(request: Request, bytes: number): void {
    const { held, open } = request;
    held.add(bytes);
    const { maxOpenBytes } = this.#bounds;
    if (!open || held.bytes <= maxOpenBytes) return;
    this.#end(request, new HostError('REQUEST_INVALID', `expected a request of at most ${maxOpenBytes} bytes`));
  }

  #end(request: Request, error: HostError): void {
    if (request.ended || request.stream.destroyed || request.stream.closed) return;
    request.ended = true;
    this.#waiting.delete(request);
    const refusal = toServiceError(error);
    this.#options.refused(request.path, refusal);
    request.call.sendStatus(refusal);
    closeSoon(request.stream);
  }

  #wait(request: Request): void {
    this.#waiting.add(request);
    this.#timer ??= setInterval(() => this.#check(), this.#bounds.checkMs).unref();
  }

  #check(): void {
    const nowMs = performance.now();
    for (const request of this.#waiting) {
      if (request.endsMs > nowMs) continue;
      const ms = request.open ? this.#bounds.openRequestMs : this.#bounds.requestMs;
      const message = `the request was not complete within ${ms} ms; send it as a whole`;
      this.#end(request, new HostError('CLIENT_TOO_SLOW', message));
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** For the answer to leave before the stream is reset: with Node 26 a reset overtakes it. */
const ANSWER_MS = 100;

/** Frees what has come of a request that was answered before it was complete. */
function closeSoon(stream: ServerHttp2Stream): void {
  setTimeout(() => stream.close(), ANSWER_MS).unref();
}

/** Does something more, before what a listener does. */
function first<Name extends 'onReceiveMessage' | 'onReceiveHalfClose' | 'onCancel'>(
  listener: CallListener,
  name: Name,
  more: () => void,
): void {
  const before = listener[name] as (this: CallListener, message?: unknown) => void;
  listener[name] = ((message?: unknown) => {
    more();
    before.call(listener, message);
  }) as CallListener[Name];
}
