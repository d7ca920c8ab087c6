import type { sendUnaryData } from '@grpc/grpc-js';
import { HostError } from '../errors.js';
import type { Log } from '../observe/log.js';
import type { InFlight } from './in-flight.js';
import { type ServiceRefusal, toServiceError } from './status.js';

/** What every handler needs: a place for its call, and where a refusal is counted and a fault logged. */
export interface HandlerContext {
  log: Log;
  inFlight: InFlight;
  metrics: { refused(reason: string): void };
}

/** Counts the refusal, logs what was our fault with its cause, and gives what grpc-js sends. */
export function refuse(context: Omit<HandlerContext, 'inFlight'>, method: string, error: unknown): ServiceRefusal {
  const refusal = HostError.from(error);
  context.metrics.refused(refusal.reason);
  if (refusal.reason === 'INTERNAL') context.log.error({ method, err: refusal.cause ?? refusal }, 'a call failed');
  else if (context.log.isLevelEnabled('debug')) {
    context.log.debug({ method, reason: refusal.reason, cause: refusal.cause }, refusal.message);
  }
  return toServiceError(refusal);
}

/** Answers one call of a unary or client-streaming method with what `action` gives, or refuses. */
export async function answer<Reply>(
  context: HandlerContext,
  method: string,
  reply: sendUnaryData<Reply>,
  action: () => Reply | Promise<Reply>,
): Promise<void> {
  const full = context.inFlight.enter();
  if (full !== undefined) return reply(refuse(context, method, full), null);
  let value: Reply;
  try {
    value = await action();
  } catch (error) {
    return reply(refuse(context, method, error), null);
  } finally {
    context.inFlight.leave();
  }
  reply(null, value);
}
