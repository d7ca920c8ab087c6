import { describe, expect, test } from 'vitest';
import { CallError } from '../../../src/client/call-error.js';
import { HostError, REASONS, type Reason } from '../../../src/errors.js';
import { statusCode, toServiceError } from '../../../src/rpc/status.js';

/** What a client makes of a refusal, after the trip through gRPC's own form. */
function roundTrip(refusal: HostError): CallError {
  return CallError.from(Object.assign(new Error('grpc'), toServiceError(refusal)));
}

describe('toServiceError', () => {
  test.each(Object.keys(REASONS) as Reason[])('carries %s with its status', (reason) => {
    const error = roundTrip(new HostError(reason, 'what, and what to do'));
    expect([error.reason, error.code, error.message]).toEqual([reason, REASONS[reason].status, 'what, and what to do']);
    expect(error.retryAfterMs).toBeUndefined();
    expect(statusCode(REASONS[reason].status)).toBeGreaterThan(0);
  });

  test('carries details, and when to try again', () => {
    const error = roundTrip(new HostError('QUEUE_FULL', 'full', { details: { plugin: 'x' }, retryAfterMs: 1_250 }));
    expect(error.details).toEqual({ plugin: 'x' });
    expect(error.retryAfterMs).toBe(1_250);
  });

  test('sends neither cause nor stack', () => {
    const cause = new Error('open /srv/hal9/secret');
    for (const refusal of [HostError.from(cause), new HostError('PACKAGE_INVALID', 'bad', { cause })]) {
      const { details, metadata } = toServiceError(refusal);
      expect(details).not.toContain('secret');
      expect(String(metadata.get('grpc-status-details-bin')[0])).not.toContain('secret');
    }
  });

  test('cuts text that would not fit a header, between characters', () => {
    const error = roundTrip(new HostError('PACKAGE_INVALID', 'ä'.repeat(5_000), { details: { k: '€'.repeat(5_000) } }));
    expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(2_048);
    expect(error.message).toMatch(/^ä+\.\.\.$/);
    expect(error.details['k']).toMatch(/^€+\.\.\.$/);
  });

  test('survives text that is not well-formed, which gRPC could not encode', () => {
    expect(roundTrip(new HostError('PLUGIN_NOT_FOUND', 'no \ud800 plugin')).message).toBe('no \ufffd plugin');
  });
});
