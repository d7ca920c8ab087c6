import { hostOutcome, type Outcome } from '../protocol/outcomes.js';

/** Outcomes that the main thread words itself, because no worker can. */

export const cancelled = (why: string): Outcome => hostOutcome('cancelled', 'TIMEOUT', why);

export const aborted = (): Outcome =>
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

export const heapExhausted = (): Outcome =>
  hostOutcome('limit', 'RESOURCE_EXHAUSTED', 'the call used up the memory of its worker', { limit: 'memory' });

export const serverFault = (): Outcome =>
  hostOutcome('host-bug', 'INTERNAL_ERROR', 'the server failed; its log says more');

export const loadFailed = (why: string): Outcome =>
  hostOutcome('trap', 'INTERNAL_ERROR', `the plugin could not be loaded: ${why}`);
