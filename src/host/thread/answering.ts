import { monotonicMs } from '../../protocol/monotonic.js';
import type { ThreadAnswer, ThreadRequest } from './thread-protocol.js';

/** Calls the method that a request names; what it throws is the answer. */
export function answerTo(backend: object, request: ThreadRequest): ThreadAnswer {
  try {
    return done(backend, request);
  } catch (error) {
    return failed(request.id, error);
  }
}

/** @throws what the method throws */
export function done(backend: object, { id, method, given }: ThreadRequest): ThreadAnswer {
  const startedMs = monotonicMs();
  // Both sides are typed by the backend's interface, whose methods differ in what they take.
  const methods = backend as Record<string, (...given: unknown[]) => unknown>;
  const value = methods[method]?.(...given);
  return { id, ok: true, value, tookUs: Math.round((monotonicMs() - startedMs) * 1000) };
}

export function failed(id: number, error: unknown): ThreadAnswer {
  return { id, ok: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
