import { HostError } from '../errors.js';
import { hostOutcome, type Outcome } from '../protocol/outcomes.js';
import type { Death } from './life.js';

/** Outcomes that the main thread words itself, because no worker can. */

export const cancelled = (why: string): Outcome => hostOutcome('cancelled', 'TIMEOUT', why);

const aborted = (): Outcome =>
  hostOutcome('aborted', 'INTERNAL_ERROR', 'the instance ended while the call may have been carried out');

/** `ranMs`: how long the guest ran, 0 when it had not started. */
export const lateBy = (ranMs: number): Outcome =>
  hostOutcome(
    'limit',
    'TIMEOUT',
    ranMs > 0 ? 'the call ran longer than it may' : 'the deadline passed before the call started',
    {
      limit: 'deadline',
      usage: { guestTimeUs: Math.round(ranMs * 1000), memoryBytes: 0, memoryGrowthBytes: 0, fuel: undefined },
    },
  );

const heapExhausted = (): Outcome =>
  hostOutcome('limit', 'RESOURCE_EXHAUSTED', 'the call used up the memory of its worker', { limit: 'memory' });

const serverFault = (): Outcome => hostOutcome('host-bug', 'INTERNAL_ERROR', 'the server failed; its log says more');

export const loadFailed = (why: string): Outcome =>
  hostOutcome('trap', 'INTERNAL_ERROR', `the plugin could not be loaded: ${why}`);

/** Answers the calls that a thread took with it: the one that ran, and those whose answers never left. */
export function settleAfter(death: Death): void {
  for (const call of death.lost) call.settle(aborted());
  const { running } = death;
  if (running === undefined || running.settled) return;
  if (death.cause === 'heap') running.settle(heapExhausted());
  else if (death.cause === 'fault') running.settle(serverFault());
  else running.settle(aborted());
}

const MAX_RETRY_AFTER_MS = 10_000;

/** @param waitMs what the calls that wait will take, about */
export function queueFull(plugin: { id: string; name: string }, calls: number, waitMs: number): HostError {
  return new HostError(
    'QUEUE_FULL',
    `the queue of plugin ${plugin.name} holds ${calls} calls, as many as it may; try again later`,
    { retryAfterMs: Math.min(Math.max(1, Math.ceil(waitMs)), MAX_RETRY_AFTER_MS), details: { plugin: plugin.id } },
  );
}
