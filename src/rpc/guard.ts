import type {
  MethodDefinition,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { HostError } from '../errors.js';
import type { Log } from '../observe/log.js';
import type { ServiceBinding } from './definitions.js';
import type { InFlight } from './in-flight.js';
import { type ServiceRefusal, toServiceError } from './status.js';
import type { Held, Unsent } from './unsent.js';

/** Where calls are bounded and what becomes of refusals. */
export interface GuardContext {
  inFlight: InFlight;
  unsent: Unsent;
  log: Log;
  metrics: { refused(reason: string): void };
}

/** An HTTP/2 stream that stays open until its answer is read, however short: its objects, roughly. */
const STREAM_BYTES = 4_096;

type OneReply = (
  call: ServerUnaryCall<unknown, unknown> | ServerReadableStream<unknown, unknown>,
  reply: Reply,
) => void;
type AnswerStream = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;
/** Besides the call, it gets what counts the bytes that the client has not taken. */
type ManyReplies = (call: AnswerStream, held: Held) => void;
type Reply = sendUnaryData<unknown>;

/**
 * The same service with what all methods share: a place among the calls in flight, refusals counted, faults logged with
 * their cause, and an exception of a handler answered as INTERNAL. A call that streams its answers takes no place, since
 * it may last for days; what it carries is bounded by its handler.
 */
export function guarded({ definition, implementation }: ServiceBinding, context: GuardContext): ServiceBinding {
  const handlers: Record<string, UntypedHandleCall> = {};
  const methods: Record<string, MethodDefinition<unknown, unknown>> = {};
  for (const [name, method] of Object.entries(definition)) {
    const handler = implementation[name] ?? implementation[method.originalName ?? name];
    methods[name] = method;
    if (handler === undefined) continue;
    if (method.responseStream) handlers[name] = guardStream(method.path, handler as ManyReplies, context);
    else {
      handlers[name] = guardReply(method, handler as OneReply, context);
      // Encoded by the guard, which counts the bytes.
      methods[name] = { ...method, responseSerialize: (bytes) => bytes as Buffer };
    }
  }
  return { definition: methods, implementation: handlers };
}

function guardReply(method: MethodDefinition<unknown, unknown>, handler: OneReply, context: GuardContext): OneReply {
  const { path, responseSerialize } = method;
  const { inFlight, unsent } = context;
  return (call, reply) => {
    const full = inFlight.enter();
    if (full !== undefined) return reply(noted(path, toServiceError(full), context), null);
    let open = true;
    const leave = (): void => {
      if (open) inFlight.leave();
      open = false;
    };
    const held = unsent.hold(call);
    // Comes when the answer was sent as well as when the client has gone, and may never be replied to.
    call.on('cancelled', () => {
      leave();
      held.release();
    });
    try {
      handler(call, (error, value, trailer, flags) => {
        leave();
        if (error) return reply(noted(path, error, context), null, trailer, flags);
        let bytes: Buffer;
        try {
          bytes = responseSerialize(value);
        } catch (fault) {
          return reply(noted(path, toServiceError(HostError.from(fault)), context), null);
        }
        held.add(bytes.length + STREAM_BYTES);
        reply(null, bytes, trailer, flags);
      });
    } catch (error) {
      leave();
      reply(noted(path, toServiceError(HostError.from(error)), context), null);
    }
  };
}

function guardStream(path: string, handler: ManyReplies, context: GuardContext): (stream: AnswerStream) => void {
  return (call) => {
    call.on('error', (error) => noted(path, error as Partial<ServiceRefusal>, context));
    const held = context.unsent.hold(call);
    call.on('cancelled', () => held.release());
    try {
      handler(call, held);
    } catch (error) {
      call.emit('error', toServiceError(HostError.from(error)));
    }
  };
}

/** Counts and logs a refusal, and gives it back. */
export function noted<Refusal extends Partial<ServiceRefusal>>(
  method: string,
  error: Refusal,
  context: Pick<GuardContext, 'log' | 'metrics'>,
): Refusal {
  const { refusal } = error;
  if (refusal === undefined) return error;
  context.metrics.refused(refusal.reason);
  if (refusal.reason === 'INTERNAL') context.log.error({ method, err: refusal.cause ?? refusal }, 'a call failed');
  else if (context.log.isLevelEnabled('debug')) {
    context.log.debug({ method, reason: refusal.reason, cause: refusal.cause }, refusal.message);
  }
  return error;
}
