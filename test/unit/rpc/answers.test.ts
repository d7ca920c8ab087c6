import { describe, expect, test } from 'vitest';
import type { PluginAnswer } from '../../../src/dispatch/dispatcher.js';
import { HostError } from '../../../src/errors.js';
import type { ActivePlugin } from '../../../src/plugin/capability-registry.js';
import { encodeErrorField, hostOutcome, type Outcome } from '../../../src/protocol/outcomes.js';
import { encodeResults, encodeStreamResponse } from '../../../src/rpc/answers.js';
import { messageType } from '../../../src/rpc/definitions.js';

const decode = (name: string, bytes: Buffer): unknown => messageType(`hal9.plugin.v1.${name}`).deserialize(bytes);

// Encoding needs no crew.
const plugin = {
  ref: { id: 'an-id', name: 'näme', version: '1.2.3' },
  neurons: [],
  tools: [],
} as unknown as ActivePlugin;

function answer(outcome: Outcome): PluginAnswer {
  return { plugin, outcome, queueTimeUs: 300, calledFuel: 7 };
}

const ok: Outcome = {
  type: 'ok',
  limit: 'none',
  dead: false,
  body: Uint8Array.of((5 << 3) | 2, 2, 0x34, 0x32),
  guestTimeUs: 1_000_000,
  memoryBytes: 2 ** 33,
  memoryGrowthBytes: 65_536,
  fuel: undefined,
};

describe('encodeResults', () => {
  test('is read by proto-loader as a ProcessSignalResponse, whatever the outcome', () => {
    const metered = { ...ok, fuel: 2 ** 50 };
    const late = hostOutcome('limit', 'TIMEOUT', 'too late', { limit: 'deadline' });
    const said: Outcome = {
      ...ok,
      type: 'plugin-error',
      body: encodeErrorField({ code: 1, message: Buffer.from('no'), details: Buffer.from('{"a":1}') }),
    };
    const message = decode(
      'ProcessSignalResponse',
      encodeResults([ok, metered, late, said].map(answer), Buffer.from('r-1')),
    );
    const cost = { guestTimeUs: '1000000', queueTimeUs: '300', memoryBytes: '8589934592', memoryGrowthBytes: '65536' };
    expect(message).toMatchObject({
      requestId: 'r-1',
      results: [
        { plugin: plugin.ref, outcome: 'OK', limit: 'LIMIT_UNSPECIFIED', value: '42', error: null, cost },
        { outcome: 'OK', cost: { ...cost, fuel: '1125899906842624' } },
        { outcome: 'LIMIT', limit: 'DEADLINE', error: { code: 'TIMEOUT', message: 'too late', details: '' } },
        { outcome: 'PLUGIN_ERROR', error: { code: 'INVALID_INPUT', message: 'no', details: '{"a":1}' } },
      ],
    });
    expect(message).not.toHaveProperty('results.0.cost.fuel');
  });

  test('is read as an InvokeToolResponse when there is one result', () => {
    const message = decode('InvokeToolResponse', encodeResults([answer(ok)], Buffer.alloc(0)));
    expect(message).toMatchObject({ requestId: '', result: { value: '42', outcome: 'OK' } });
  });
});

describe('encodeStreamResponse', () => {
  test('is read by proto-loader, with ids up to 2^64 - 1, results and refusals', () => {
    for (const id of [0n, 1n, 127n, 128n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      const refusal = new HostError('QUEUE_FULL', 'later', { retryAfterMs: 12 });
      const bytes = encodeStreamResponse(id, [{ answers: [answer(ok)] }, { refusal }], Buffer.from('batch'));
      expect(decode('StreamSignalsResponse', bytes)).toMatchObject({
        id: String(id),
        requestId: 'batch',
        answers: [
          { results: [{ value: '42' }], refusal: null },
          { results: [], refusal: { code: 8, reason: 'QUEUE_FULL', message: 'later', retryAfterMs: 12 } },
        ],
      });
    }
  });
});
