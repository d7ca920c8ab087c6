import { describe, expect, test } from 'vitest';
import { exitOfOutcomes, exitOfStatus } from '../../../src/cli/exit-status.js';
import type { OutcomeName } from '../../../src/client/messages.js';
import { REASONS } from '../../../src/errors.js';

describe('exitOfStatus', () => {
  test.each([
    ['INVALID_ARGUMENT', 4],
    ['FAILED_PRECONDITION', 4],
    ['ALREADY_EXISTS', 4],
    ['PERMISSION_DENIED', 4],
    ['UNIMPLEMENTED', 4],
    ['NOT_FOUND', 6],
    ['RESOURCE_EXHAUSTED', 5],
    ['DEADLINE_EXCEEDED', 5],
    ['UNAVAILABLE', 3],
    ['ABORTED', 1],
    ['INTERNAL', 7],
    ['UNKNOWN', 7],
    ['something new', 7],
  ])('gives %s the status %d', (code, status) => expect(exitOfStatus(code)).toBe(status));

  test('never says that a refusal is a success or wrong usage', () => {
    for (const { status } of Object.values(REASONS)) expect([1, 3, 4, 5, 6, 7]).toContain(exitOfStatus(status));
  });
});

describe('exitOfOutcomes', () => {
  test.each([
    [[], 0],
    [['OK', 'OK'], 0],
    [['PLUGIN_ERROR'], 1],
    [['TRAP'], 1],
    [['ABORTED'], 1],
    [['LIMIT'], 5],
    [['HOST_BUG'], 7],
    [['OK', 'LIMIT', 'TRAP'], 5],
  ] as [OutcomeName[], number][])('gives %j the status %d', (outcomes, status) => {
    expect(exitOfOutcomes(outcomes)).toBe(status);
  });
});
