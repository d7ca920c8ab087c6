import type {
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

/** Where calls are bounded and what becomes of refusals. */
export interface GuardContext {
  inFlight: InFlight;
  log: Log;
  metrics: { refused(reason: string): void };
}

type OneReply = (
  call: ServerUnaryCall<unknown, unknown> | ServerReadableStream<unknown, unknown>,
  reply: Reply,
) => void;
type ManyReplies = (call: ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>) => void;
type Reply = sendUnaryData<unknown>;

/**
 * The same service with what all methods share: a place among the calls in flight, refusals counted, faults logged with
 * their cause, and an exception of a handler answered as INTERNAL. A call that streams its answers takes no place, since
 * it may last for days; what it carries is bounded by its handler.
 */
export function guarded({ definition, implementation }: ServiceBinding, context: GuardContext): ServiceBinding {
  const handlers: Record<string, UntypedHandleCall> = {};
  for (const [name, method] of Object.entries(definition)) {
    const handler = implementation[name] ?? implementation[method.originalName ?? name];
    if (handler === undefined) continue;
    handlers[name] = method.responseStream
      ? guardStream(method.path, handler as ManyReplies, context)
      : guardReply(method.path, handler as OneReply, context);
  }
  return { definition, implementation: handlers };
}

function guardReply(path: string, handler: OneReply, context: GuardContext): OneReply {
  const { inFlight } = context;
  return (call, reply) => {
    const full = inFlight.enter();
    if (full !== undefined) return reply(noted(path, toServiceError(full), context), null);
    let open = true;
    const leave = (): void => {
      if (open) inFlight.leave();
      open = false;
    };
    // A call whose client has gone may never be replied to.
    call.on('cancelled', leave);
    try {
      handler(call, (error, value, trailer, flags) => {
        leave();
        if (error) noted(path, error, context);
        reply(error, value, trailer, flags);
      });
    } catch (error) {
      leave();
      reply(noted(path, toServiceError(HostError.from(error)), context), null);
    }
  };
}

function guardStream(path: string, handler: ManyReplies, context: GuardContext): ManyReplies {
  return (call) => {
    call.on('error', (error) => noted(path, error as Partial<ServiceRefusal>, context));
    try {
      handler(call);
    } catch (error) {
      call.emit('error', toServiceError(HostError.from(error)));
    }
  };
}

/** Counts and logs a refusal, and gives it back. */
function noted<Refusal extends Partial<ServiceRefusal>>(
  method: string,
  error: Refusal,
  context: GuardContext,
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
