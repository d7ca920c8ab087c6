import { describe, expect, test } from 'vitest';
import { HostError } from '../../../../src/errors.js';
import { answerOf } from '../../../../src/host/messages/called-answer.js';
import { decisionOf } from '../../../../src/host/refusals.js';
import { hostOutcome, type Usage } from '../../../../src/protocol/outcomes.js';

const OTHER = { id: 'an-id', name: 'other' };
const used = (fuel: number | undefined, guestTimeUs = 5): Usage => ({
  fuel,
  guestTimeUs,
  memoryBytes: 0,
  memoryGrowthBytes: 0,
});

describe('what a caller is told of a call of another plugin', () => {
  test('has the outcome and the limit, and not where the other plugin ended', () => {
    const details = JSON.stringify({ backtrace: ['secret'] });
    const outcome = hostOutcome('limit', 'RESOURCE_EXHAUSTED', 'out of fuel', {
      limit: 'fuel',
      details,
      usage: used(70),
    });
    expect(answerOf(OTHER, { outcome }, 100)).toEqual({
      fuel: 70,
      answer: {
        ok: false,
        code: 'RESOURCE_EXHAUSTED',
        message: 'plugin other: out of fuel',
        details: { plugin: 'an-id', outcome: 'limit', limit: 'fuel' },
        fuel: 70,
        foreign: true,
      },
    });
  });

  test('is what the other plugin says, and no decision of the host', () => {
    const trap = hostOutcome('trap', 'PERMISSION_DENIED', 'not for you', { usage: used(1) });
    const { answer } = answerOf(OTHER, { outcome: { ...trap, type: 'plugin-error' } }, 100);
    if (answer.ok) return expect.unreachable();
    expect([answer.code, decisionOf(answer), answer.limit]).toEqual(['PERMISSION_DENIED', 'allowed', undefined]);
  });

  test('costs the whole budget where nobody can say what was used', () => {
    const late = hostOutcome('limit', 'TIMEOUT', 'late', { limit: 'deadline', usage: used(undefined) });
    expect(answerOf(OTHER, { outcome: late }, 100).fuel).toBe(100);
    const waited = hostOutcome('limit', 'TIMEOUT', 'late', { limit: 'deadline', usage: used(undefined, 0) });
    expect(answerOf(OTHER, { outcome: waited }, 100).fuel).toBe(0);
    expect(answerOf(OTHER, { outcome: hostOutcome('aborted', 'INTERNAL_ERROR', 'gone') }, 100).fuel).toBe(100);
  });

  test('says of a call that was not taken whether it may be of use to try again', () => {
    const full = answerOf(OTHER, { refusal: new HostError('QUEUE_FULL', 'full', { retryAfterMs: 7 }) }, 100);
    expect(full).toMatchObject({ fuel: 0, answer: { code: 'RESOURCE_EXHAUSTED', details: { retry_after_ms: 7 } } });
    const wrong = answerOf(OTHER, { refusal: new HostError('PARAMETERS_INVALID', 'no') }, 100);
    expect(wrong).toMatchObject({
      fuel: 0,
      answer: { code: 'INVALID_INPUT', details: { reason: 'PARAMETERS_INVALID' } },
    });
  });
});
