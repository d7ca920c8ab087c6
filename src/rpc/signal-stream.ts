import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Dispatcher, Ticket } from '../dispatch/dispatcher.js';
import { HostError } from '../errors.js';
import { REQUEST_LIMITS } from '../limits.js';
import { decodeStreamSignalsRequest, type StreamSignalsRequest } from '../protocol/codec.js';
import { monotonicMs } from '../protocol/monotonic.js';
import { EMPTY } from '../protocol/wire.js';
import { encodeStreamResponse, type StreamAnswer } from './answers.js';
import { fitMessage } from './fit-message.js';
import { peekLayer, type RequestContext, readRequest, requestContext, text } from './request.js';
import { toServiceError } from './status.js';
import type { Held } from './unsent.js';

/** Messages are given to the transport until it has as many bytes. */
const WRITING_BYTES = 65_536;

/** What is left of an expectation after an answer that is smaller. */
const FORGETTING = 31 / 32;

type Stream = ServerDuplexStream<Buffer, Buffer>;

/** What the signals of one message share. */
interface Route {
  neuronType: string;
  pluginId: string;
  fuel: number | undefined;
}

export interface StreamOptions {
  dispatcher: Dispatcher;
  /** Told of each refusal that is answered on a stream. */
  refused: (refusal: HostError) => void;
  /** Of one message. */
  maxReplyBytes: number;
}

/** The open streams of signals. */
export class SignalStreams {
  readonly #options: StreamOptions;
  readonly #open = new Set<SignalStream>();
  #draining = false;
  #drained: () => void = () => {};

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** @param held Counts what the client has not taken. */
  serve(stream: Stream, held: Held): void {
    if (this.#draining) throw new HostError('STOPPING', 'the server is stopping; call another one, or later');
    const served = new SignalStream(this.#options, stream, held, () => {
      this.#open.delete(served);
      if (this.#open.size === 0) this.#drained();
    });
    this.#open.add(served);
    served.start();
  }

  /** No stream takes another message; each ends when what it has under way is answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.#open.size === 0) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    for (const stream of this.#open) stream.drain();
    await drained;
  }
}

/**
 * One stream. Answers leave as they are ready. A stream that has as many signals under way as it may, or as many bytes
 * waiting and to be expected, is not read from until that has changed: its own flow control is its bound. What is under way
 * is answered all the same: a client that lets too many bytes wait loses the stream.
 */
class SignalStream {
  readonly #dispatcher: Dispatcher;
  readonly #stream: Stream;
  readonly #refused: (refusal: HostError) => void;
  readonly #closed: () => void;
  readonly #maxReplyBytes: number;
  readonly #held: Held;
  readonly #tickets = new Set<Ticket>();
  /** Messages that the transport has not got yet, and bytes of those that it has. */
  #waiting: Buffer[] = [];
  #writingBytes = 0;
  #underWay = 0;
  /** Bytes of the answer to one signal: falls slowly, so that a large one is not soon forgotten. */
  #expectedBytes: number = REQUEST_LIMITS.expectedAnswerBytes;
  #ended = false;
  #gone = false;
  #draining = false;

  constructor({ dispatcher, refused, maxReplyBytes }: StreamOptions, stream: Stream, held: Held, closed: () => void) {
    this.#dispatcher = dispatcher;
    this.#stream = stream;
    this.#refused = refused;
    this.#maxReplyBytes = maxReplyBytes;
    this.#held = held;
    this.#closed = closed;
  }

  start(): void {
    const stream = this.#stream;
    stream.on('data', (message: Buffer) => this.#receive(message));
    stream.on('end', () => {
      this.#ended = true;
      this.#finish();
    });
    stream.on('cancelled', () => this.#abandon());
    stream.on('error', () => this.#abandon());
  }

  /** Takes no further message, and ends once everything under way is answered. */
  drain(): void {
    this.#draining = true;
    this.#stream.pause();
    this.#finish();
  }

  /** Nobody reads the answers any more. */
  #abandon(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#held.add(-this.#waiting.reduce((sum, { length }) => sum + length, 0));
    this.#waiting = [];
    for (const ticket of this.#tickets) ticket.cancel();
    this.#closed();
  }

  /** A message that cannot be decoded has no id to answer to: it ends the stream with its status. */
  #receive(message: Buffer): void {
    if (this.#gone) return;
    try {
      const request = readRequest(() => decodeStreamSignalsRequest(message));
      this.#dispatch(request);
    } catch (error) {
      this.#stream.emit('error', toServiceError(HostError.from(error)));
    }
  }

  #dispatch(request: StreamSignalsRequest): void {
    let context: RequestContext;
    try {
      context = contextOf(this.#stream, request);
    } catch (error) {
      return this.#send({ ...request, requestId: EMPTY }, [this.#refuse(error)]);
    }
    const { signals } = request;
    const answers = new Array<StreamAnswer>(signals.length);
    let missing = signals.length;
    const route = { neuronType: text(request.neuronType), pluginId: text(request.pluginId), fuel: request.fuel };
    this.#underWay += signals.length;
    for (let index = 0; index < signals.length; index++) {
      this.#signal(signals[index] ?? EMPTY, route, context, (answer) => {
        answers[index] = answer;
        this.#underWay--;
        if (--missing === 0) this.#send(request, answers);
      });
    }
    this.#regulate();
  }

  /** Field by field: this runs for every signal of a batch. */
  #signal(
    signal: Uint8Array,
    { neuronType, pluginId, fuel }: Route,
    { deadlineMs, origin }: RequestContext,
    done: (answer: StreamAnswer) => void,
  ): void {
    try {
      const layer = peekLayer(signal);
      const ticket = this.#dispatcher.signal(
        { signal, layer, neuronType, pluginId, deadlineMs, fuel, origin },
        (answers, refusal) => {
          this.#tickets.delete(ticket);
          done(refusal === undefined ? { answers } : this.#refuse(refusal));
        },
      );
      this.#tickets.add(ticket);
    } catch (error) {
      done(this.#refuse(error));
    }
  }

  #refuse(error: unknown): StreamAnswer {
    const refusal = HostError.from(error);
    this.#refused(refusal);
    return { refusal };
  }

  #send(request: StreamSignalsRequest, answers: readonly StreamAnswer[]): void {
    if (!this.#gone) {
      const message = encodeStreamResponse(request.id, fitAll(answers, this.#maxReplyBytes), request.requestId);
      this.#expectedBytes = Math.max(message.length / answers.length, this.#expectedBytes * FORGETTING);
      this.#held.add(message.length);
      this.#waiting.push(message);
      if (this.#held.bytes > REQUEST_LIMITS.maxStreamUnsentBytes) this.#cut();
      else this.#write();
    }
    this.#regulate();
    this.#finish();
  }

  /** A little at a time: what waits here can be dropped, what the transport has cannot. */
  #write(): void {
    while (this.#waiting.length > 0 && this.#writingBytes < WRITING_BYTES) {
      const message = this.#waiting.shift() as Buffer;
      this.#writingBytes += message.length;
      this.#stream.write(message, () => this.#written(message.length));
    }
  }

  #written(bytes: number): void {
    this.#writingBytes -= bytes;
    this.#held.add(-bytes);
    if (this.#gone || this.#waiting.length === 0) return this.#regulate();
    this.#write();
    this.#regulate();
    this.#finish();
  }

  /** Emitting the error is what ends the stream, and abandons it. */
  #cut(): void {
    const max = REQUEST_LIMITS.maxStreamUnsentBytes;
    const message = `more than ${max} bytes of answers wait for this client; read them, or have fewer signals under way`;
    this.#stream.emit('error', toServiceError(new HostError('CLIENT_TOO_SLOW', message)));
  }

  #regulate(): void {
    const bytes = this.#held.bytes + this.#underWay * this.#expectedBytes;
    const full = bytes >= REQUEST_LIMITS.maxStreamExpectedBytes || this.#underWay >= REQUEST_LIMITS.maxStreamSignals;
    if (this.#draining || full) this.#stream.pause();
    else if (this.#stream.isPaused()) this.#stream.resume();
  }

  #finish(): void {
    if (this.#gone || this.#underWay > 0 || this.#waiting.length > 0 || !(this.#ended || this.#draining)) return;
    this.#gone = true;
    if (this.#ended) this.#stream.end();
    else
      this.#stream.emit(
        'error',
        toServiceError(new HostError('STOPPING', 'the server is stopping; call another one, or later')),
      );
    this.#closed();
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

/** With its code, reason and time, and room to spare. */
const sizeOf = ({ message }: HostError): number => Buffer.byteLength(message) + 64;

/** Makes the results of all signals of a message fit it together. */
function fitAll(signals: readonly StreamAnswer[], maxBytes: number): readonly StreamAnswer[] {
  const all = signals.flatMap((signal) => ('answers' in signal ? signal.answers : []));
  const refusals = signals.reduce((sum, signal) => ('refusal' in signal ? sum + sizeOf(signal.refusal) : sum), 0);
  const fitted = fitMessage(all, maxBytes - refusals);
  if (fitted === all) return signals;
  let end = 0;
  return signals.map((signal) => {
    if (!('answers' in signal)) return signal;
    const start = end;
    end += signal.answers.length;
    return { answers: fitted.slice(start, end) };
  });
}
