import { describe, expect, test } from 'vitest';
import { type SignedPlugin, standingOf } from '../../../src/sandbox/standing.js';
import { Trust } from '../../../src/sandbox/trust.js';
import type { KeyRing, TrustedKey } from '../../../src/sandbox/trusted-key.js';
import { type TestKey, testKey } from '../../harness/signing.js';

const ID = '3f2b7c1e-5a4d-4e8b-9c6f-0a1b2c3d4e5f';
const OTHER_ID = '00000000-0000-4000-8000-000000000000';

const plugin = (...keys: TestKey[]): SignedPlugin => ({
  ...{ id: ID, name: 'echo', version: '1.0.0', author: 'Ada' },
  signedBy: keys.map(({ base64 }) => base64),
  signedInside: false,
});

const entry = ({ keyId, publicKey }: TestKey, more: Partial<TrustedKey> = {}): TrustedKey => ({
  ...{ keyId, publicKey, name: 'key', pluginIds: [], authors: [], trustedAtMs: 1, revokedAtMs: 0 },
  ...more,
});

const ring = (...keys: TrustedKey[]): KeyRing => new Map(keys.map((key) => [key.keyId, key]));
const reason = (signed: SignedPlugin, keys: KeyRing) => standingOf(signed, keys).refusal?.reason;

describe('standingOf', () => {
  const [a, b, c] = [testKey(), testKey(), testKey()];

  test('asks for one trusted key, whoever else has signed', () => {
    expect(reason(plugin(a), ring(entry(a)))).toBeUndefined();
    expect(reason(plugin(c, b, a), ring(entry(b, { revokedAtMs: 5 }), entry(a, { name: 'A' })))).toBeUndefined();
    expect(standingOf(plugin(c, a), ring(entry(a, { name: 'A' }))).signers).toEqual([{ keyId: a.keyId, name: 'A' }]);
  });

  test.each([
    [plugin(), ring(entry(a)), 'SIGNATURE_MISSING'],
    [plugin(a), ring(), 'KEY_UNTRUSTED'],
    [plugin(a), ring(entry(a, { revokedAtMs: 5 })), 'KEY_REVOKED'],
    [plugin(b, a), ring(entry(a, { revokedAtMs: 5 })), 'KEY_REVOKED'],
    [plugin(b, a), ring(entry(b, { authors: ['Bob'] }), entry(a, { revokedAtMs: 5 })), 'KEY_REVOKED'],
    [{ ...plugin(), signedBy: ['nonsense'] }, ring(entry(a)), 'KEY_UNTRUSTED'],
  ])('refuses %#', (signed, keys, expected) => {
    expect(reason(signed, keys)).toBe(expected);
  });

  test.each([
    [{ pluginIds: [ID] }, undefined],
    [{ pluginIds: [OTHER_ID, ID] }, undefined],
    [{ pluginIds: [OTHER_ID] }, 'KEY_UNTRUSTED'],
    [{ authors: ['Ada'] }, undefined],
    [{ authors: ['ada'] }, 'KEY_UNTRUSTED'],
    [{ authors: ['Bob', 'Ad'] }, 'KEY_UNTRUSTED'],
    [{ pluginIds: [ID], authors: ['Bob'] }, 'KEY_UNTRUSTED'],
    [{ pluginIds: [OTHER_ID], authors: ['Ada'] }, 'KEY_UNTRUSTED'],
    [{ pluginIds: [ID], authors: ['Ada'] }, undefined],
  ])('binds a key to %j', (bounds, expected) => {
    expect(reason(plugin(a), ring(entry(a, bounds)))).toBe(expected);
  });
});

describe('Trust', () => {
  const key = testKey();
  const refusal = (signed: SignedPlugin, keys: KeyRing, development: boolean) =>
    new Trust({ ring: keys }, development).refusal(signed)?.reason;

  test('overlooks in development mode that nobody trusted has signed, and no key that was revoked', () => {
    expect(refusal(plugin(), ring(), false)).toBe('SIGNATURE_MISSING');
    expect(refusal(plugin(), ring(), true)).toBeUndefined();
    expect(refusal(plugin(key), ring(), true)).toBeUndefined();
    expect(refusal(plugin(key), ring(entry(key, { revokedAtMs: 5 })), true)).toBe('KEY_REVOKED');
  });
});
