import type { HostError } from '../../errors.js';
import { decodePluginResult } from '../../protocol/codec.js';
import { fuelField, type HostAnswer, type HostErrorCode } from '../../protocol/host-calls.js';
import { ERROR_CODE, type Outcome } from '../../protocol/outcomes.js';
import { EMPTY } from '../../protocol/wire.js';
import type { PluginName } from '../asking.js';
import { refused } from '../refusals.js';

/** What came of a call of another plugin's tool: an outcome, or why it was not taken. */
export type Called = { outcome: Outcome } | { refusal: HostError };

const CODES: ReadonlyMap<number, HostErrorCode> = new Map(
  Object.entries(ERROR_CODE).map(([name, number]) => [number, name as HostErrorCode]),
);

/**
 * What a caller is told of a call that it made, and the fuel that it pays.
 * @param budget of the call: what it pays where nobody can say how much was used
 */
export function answerOf(other: PluginName, called: Called, budget: number): { answer: HostAnswer; fuel: number } {
  if ('refusal' in called) return { answer: notTaken(called.refusal), fuel: 0 };
  const { outcome } = called;
  const fuel = usedBy(outcome, budget);
  if (outcome.type === 'ok') {
    const { value } = decodePluginResult(outcome.body);
    return { answer: { ok: true, fields: [value, fuelField(fuel)] }, fuel };
  }
  const { code, message, details } = errorIn(outcome.body);
  if (outcome.type === 'plugin-error')
    return { answer: { ...refused(code, message, details), fuel, foreign: true }, fuel };
  // Where it came to its end is not for a caller to see.
  const ending = {
    plugin: other.id,
    outcome: outcome.type,
    ...(outcome.limit === 'none' ? {} : { limit: outcome.limit }),
  };
  return { answer: { ...refused(code, `plugin ${other.name}: ${message}`, ending), fuel, foreign: true }, fuel };
}

/** One that was ended from outside has used at most its budget. */
function usedBy({ fuel, guestTimeUs, type }: Outcome, budget: number): number {
  if (fuel !== undefined) return fuel;
  return guestTimeUs > 0 || type === 'aborted' || type === 'host-bug' ? budget : 0;
}

function errorIn(body: Uint8Array): { code: HostErrorCode; message: string; details: unknown } {
  const { code = 0, message = EMPTY, details = EMPTY } = decodePluginResult(body).error ?? {};
  return {
    code: CODES.get(code) ?? 'INTERNAL_ERROR',
    message: Buffer.from(message).toString(),
    details: details.length === 0 ? undefined : (JSON.parse(Buffer.from(details).toString()) as unknown),
  };
}

function notTaken({ reason, message, retryAfterMs }: HostError): HostAnswer {
  if (reason === 'QUEUE_FULL')
    return {
      ...refused('RESOURCE_EXHAUSTED', message, { limit: 'queue', retry_after_ms: retryAfterMs }),
      limit: 'queue',
    };
  return refused('INVALID_INPUT', message, { reason });
}
