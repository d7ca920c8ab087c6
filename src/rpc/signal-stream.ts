import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Dispatcher, Ticket } from '../dispatch/dispatcher.js';
import { HostError } from '../errors.js';
import { REQUEST_LIMITS } from '../limits.js';
import { decodeStreamSignalsRequest, peekSignalLayer, type StreamSignalsRequest } from '../protocol/codec.js';
import { monotonicMs } from '../protocol/monotonic.js';
import { EMPTY } from '../protocol/wire.js';
import { encodeStreamResponse, type StreamAnswer } from './answers.js';
import { type RequestContext, readRequest, requestContext, text } from './request.js';
import { type HandlerContext, refuse } from './handlers.js';

type Stream = ServerDuplexStream<Buffer, Buffer>;

/**
 * Serves one stream of signals. Answers leave as they are ready. A stream that has as many signals under way as it may,
 * or whose client does not read, is not read from until that has changed: its own flow control is its bound.
 */
export function serveSignalStream(dispatcher: Dispatcher, context: HandlerContext, stream: Stream): void {
  new SignalStream(dispatcher, context, stream).start();
}

class SignalStream {
  readonly #dispatcher: Dispatcher;
  readonly #context: HandlerContext;
  readonly #stream: Stream;
  readonly #tickets = new Set<Ticket>();
  #underWay = 0;
  #blocked = false;
  #ended = false;
  #gone = false;

  constructor(dispatcher: Dispatcher, context: HandlerContext, stream: Stream) {
    this.#dispatcher = dispatcher;
    this.#context = context;
    this.#stream = stream;
  }

  start(): void {
    const stream = this.#stream;
    stream.on('data', (message: Buffer) => this.#receive(message));
    stream.on('drain', () => {
      this.#blocked = false;
      this.#regulate();
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#finish();
    });
    stream.on('cancelled', () => {
      this.#gone = true;
      for (const ticket of this.#tickets) ticket.cancel();
    });
    stream.on('error', () => {
      this.#gone = true;
    });
  }

  /** A message that cannot be decoded has no id to answer to: it ends the stream with its status. */
  #receive(message: Buffer): void {
    try {
      const request = readRequest(() => decodeStreamSignalsRequest(message));
      this.#dispatch(request);
    } catch (error) {
      this.#gone = true;
      for (const ticket of this.#tickets) ticket.cancel();
      this.#stream.emit('error', refuse(this.#context, 'StreamSignals', error));
    }
  }

  #dispatch(request: StreamSignalsRequest): void {
    let context: RequestContext;
    try {
      context = contextOf(this.#stream, request);
      const refusal = this.#context.inFlight.enter();
      if (refusal !== undefined) throw refusal;
    } catch (error) {
      refuse(this.#context, 'StreamSignals', error);
      return this.#send({ ...request, requestId: EMPTY }, [{ refusal: HostError.from(error) }]);
    }
    const { signals } = request;
    const answers = new Array<StreamAnswer>(signals.length);
    let missing = signals.length;
    this.#underWay += signals.length;
    const names = { neuronType: text(request.neuronType), pluginId: text(request.pluginId) };
    signals.forEach((signal, index) => {
      this.#signal(signal, { ...names, ...context }, (answer) => {
        answers[index] = answer;
        this.#underWay--;
        if (--missing > 0) return;
        this.#context.inFlight.leave();
        this.#send(request, answers);
      });
    });
    this.#regulate();
  }

  #signal(
    signal: Uint8Array,
    request: RequestContext & { neuronType: string; pluginId: string },
    done: (answer: StreamAnswer) => void,
  ): void {
    try {
      const layer = readRequest(() => peekSignalLayer(signal, 0, signal.length));
      const ticket = this.#dispatcher.signal({ ...request, signal, layer }, (answers, refusal) => {
        this.#tickets.delete(ticket);
        done(refusal === undefined ? { answers } : { refusal });
      });
      this.#tickets.add(ticket);
    } catch (error) {
      done({ refusal: HostError.from(error) });
    }
  }

  #send(request: StreamSignalsRequest, answers: readonly StreamAnswer[]): void {
    if (!this.#gone && !this.#stream.write(encodeStreamResponse(request.id, answers, request.requestId))) this.#blocked = true;
    this.#regulate();
    this.#finish();
  }

  #regulate(): void {
    if (this.#blocked || this.#underWay >= REQUEST_LIMITS.maxStreamSignals) this.#stream.pause();
    else if (this.#stream.isPaused()) this.#stream.resume();
  }

  #finish(): void {
    if (this.#ended && !this.#gone && this.#underWay === 0) this.#stream.end();
  }
}

/** @throws HostError REQUEST_INVALID for a message that is refused as a whole. */
function contextOf(stream: Stream, request: StreamSignalsRequest): RequestContext {
  const { length } = request.signals;
  if (length === 0) throw new HostError('REQUEST_INVALID', 'signals: expected at least one, found none');
  const max = REQUEST_LIMITS.maxBatchSignals;
  if (length > max) {
    throw new HostError('REQUEST_INVALID', `signals: expected at most ${max}, found ${length}; send several messages`);
  }
  const context = requestContext(stream, request.requestId);
  if (request.timeoutMs === 0) return context;
  return { ...context, deadlineMs: Math.min(context.deadlineMs, monotonicMs() + request.timeoutMs) };
}
