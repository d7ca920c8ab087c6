import { stands } from '../protocol/defences.js';
import type { Call } from './call.js';
import type { CrewSpec } from './crew-spec.js';
import type { Life } from './life.js';
import { lateBy } from './verdicts.js';

/** A life that has to be ended: it loads its plugin, or runs a call, for longer than it may. */
export type Overdue = 'loading' | 'running';

/**
 * Looks at what a life does. A call whose caller no longer waits is answered; a call that runs longer than it may is
 * answered and `overdue` called. A caller's own deadline ends a running call of a stateless plugin alone: no client may
 * wipe a neuron's state.
 *
 * @returns the next moment to look (clock of `protocol/monotonic.ts`), or Infinity.
 */
export function inspectLife(life: Life, spec: CrewSpec, nowMs: number, overdue: (why: Overdue) => void): number {
  if (life.state === 'binding') return inspectLoading(life, spec, nowMs, overdue);
  let next = life.load > 0 ? nowMs + spec.callMs : Infinity;
  const running = life.running();
  if (running !== undefined) {
    const ownMs = running.startedAtMs + spec.callMs;
    const dueMs = spec.stateful ? ownMs : Math.min(ownMs, running.call.deadlineMs);
    if (nowMs >= dueMs) {
      if (!stands('deadline')) return Infinity;
      running.call.settle(lateBy(nowMs - running.startedAtMs));
      overdue('running');
      return Infinity;
    }
    next = dueMs;
  }
  for (const call of life.calls()) {
    const ranMs = call === running?.call ? nowMs - running.startedAtMs : 0;
    next = Math.min(next, expire(call, nowMs, ranMs));
  }
  return next;
}

/** Answers a call whose caller no longer waits, and which has run for `ranMs`; returns its deadline otherwise. */
export function expire(call: Call, nowMs: number, ranMs = 0): number {
  if (call.settled) return Infinity;
  if (nowMs < call.deadlineMs) return call.deadlineMs;
  call.settle(lateBy(ranMs));
  return Infinity;
}

/** A guest that spins while it is loaded holds its thread. The time that the thread itself takes to start is ours. */
function inspectLoading(life: Life, spec: CrewSpec, nowMs: number, overdue: (why: Overdue) => void): number {
  const dueMs = (life.loadingSinceMs ?? nowMs) + spec.lifecycleMs;
  if (nowMs < dueMs) return dueMs;
  if (stands('deadline')) overdue('loading');
  return Infinity;
}
