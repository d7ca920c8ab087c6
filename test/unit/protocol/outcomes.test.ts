import { describe, expect, test } from 'vitest';
import { decodePluginError } from '../../../src/protocol/codec.js';
import {
  hostOutcome,
  LIMIT,
  type NumberedOutcome,
  OUTCOME,
  packOutcomes,
  unpackOutcomes,
} from '../../../src/protocol/outcomes.js';
import { loadDefinition } from './proto-enums.js';

function roundTrip(outcomes: NumberedOutcome[]): NumberedOutcome[] {
  const found: NumberedOutcome[] = [];
  unpackOutcomes(packOutcomes(outcomes), (outcome) => found.push(outcome));
  return found;
}

describe('packOutcomes', () => {
  test('keeps every type, limit and usage', () => {
    const usage = { guestTimeUs: 7, memoryBytes: 2 ** 33, memoryGrowthBytes: 65_536 };
    const outcomes = Object.keys(OUTCOME).flatMap((type, i) =>
      Object.keys(LIMIT).map((limit, k) => ({
        number: i * 10 + k,
        type: type as keyof typeof OUTCOME,
        limit: limit as keyof typeof LIMIT,
        dead: k % 2 === 0,
        body: new Uint8Array(k).fill(i),
        fuel: k % 2 === 0 ? undefined : k * 2 ** 40,
        ...usage,
      })),
    );
    expect(roundTrip(outcomes)).toEqual(outcomes);
  });
});

describe('hostOutcome', () => {
  test('writes an error field that the codec reads, however long the message is', () => {
    for (const length of [0, 1, 100, 127, 128, 20_000]) {
      const { body } = hostOutcome('trap', 'INTERNAL_ERROR', 'x'.repeat(length));
      const headerBytes = body.length < 130 ? 2 : body.length < 16_000 ? 3 : 4;
      const error = decodePluginError(body, headerBytes);
      expect(Buffer.from(error.message).toString()).toBe('x'.repeat(length));
      expect(error.code).toBe(5);
    }
  });
});

describe('OUTCOME and LIMIT', () => {
  test('have the numbers of the proto', () => {
    const { outcome, limit } = loadDefinition();
    for (const [name, value] of Object.entries(OUTCOME)) {
      if (name !== 'refused') expect(outcome[name.toUpperCase().replace('-', '_')], name).toBe(value);
    }
    for (const [name, value] of Object.entries(LIMIT)) {
      if (name !== 'none') expect(limit[name.toUpperCase()], name).toBe(value);
    }
  });
});
