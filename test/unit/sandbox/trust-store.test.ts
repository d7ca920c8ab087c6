import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TrustStore } from '../../../src/sandbox/trust-store.js';
import { type TestKey, testKey } from '../../harness/signing.js';

let root: string;
let path: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hal9-trust-'));
  path = join(root, 'trust.json');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (): Promise<TrustStore> => TrustStore.open(path, root);
const request = ({ publicKey }: TestKey, name: string) => ({ publicKey, name, pluginIds: [], authors: [] });

describe('TrustStore', () => {
  test('keeps keys with their names and bounds, for its owner alone to read', async () => {
    const store = await open();
    const [a, b] = [testKey(), testKey()];
    await store.trust(request(b, 'b'));
    const bounds = { pluginIds: ['3f2b7c1e-5a4d-4e8b-9c6f-0a1b2c3d4e5f'], authors: ['Ada', 'Äsop & Söhne'] };
    await store.trust({ ...request(a, 'a'), ...bounds });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const [first, second] = (await open()).list();
    expect(first).toMatchObject({ name: 'a', keyId: a.keyId, revokedAtMs: 0, ...bounds });
    expect(second).toMatchObject({ name: 'b', keyId: b.keyId, publicKey: b.publicKey });
  });

  test('changes name and bounds of a key that is trusted again, and keeps the day', async () => {
    const store = await open();
    const key = testKey();
    const { trustedAtMs } = await store.trust(request(key, 'before'));
    await store.trust({ ...request(key, 'after'), authors: ['Ada'] });
    expect((await open()).list()).toMatchObject([{ name: 'after', authors: ['Ada'], trustedAtMs }]);
  });

  test('revokes for good', async () => {
    const store = await open();
    const key = testKey();
    await store.trust(request(key, 'key'));
    const { revokedAtMs } = await store.revoke('key');
    expect(revokedAtMs).toBeGreaterThan(0);
    const reopened = await open();
    await expect(reopened.trust(request(key, 'again'))).rejects.toMatchObject({ reason: 'KEY_REVOKED' });
    expect(await reopened.revoke(key.keyId)).toMatchObject({ name: 'key', revokedAtMs });
  });

  test('revokes although the disk does not take it, and says that it did not', async () => {
    const store = await open();
    const key = testKey();
    await store.trust(request(key, 'key'));
    rmSync(root, { recursive: true });
    await expect(store.revoke('key')).rejects.toThrow('ENOENT');
    expect(store.list()).toMatchObject([{ revokedAtMs: expect.any(Number) as number }]);
    expect(store.find('key').revokedAtMs).toBeGreaterThan(0);
    // Trust is another matter: what is not on the disk does not hold.
    await expect(store.trust(request(testKey(), 'other'))).rejects.toThrow('ENOENT');
    expect(store.list()).toHaveLength(1);
  });

  test('keeps every one of many changes at once', async () => {
    const store = await open();
    const keys = Array.from({ length: 20 }, testKey);
    await Promise.all(keys.map((key, index) => store.trust(request(key, `key-${index}`))));
    await Promise.all(keys.slice(0, 10).map(({ keyId }) => store.revoke(keyId)));
    const list = (await open()).list();
    expect([list.length, list.filter(({ revokedAtMs }) => revokedAtMs > 0).length]).toEqual([20, 10]);
  });

  test('finds a key by its id, by the first 8 digits, or by its name', async () => {
    const store = await open();
    const [a, b] = [testKey(), testKey()];
    await store.trust(request(a, 'same'));
    await store.trust(request(b, 'same'));
    expect(store.find(a.keyId).keyId).toBe(a.keyId);
    expect(store.find(a.keyId.slice(0, 8)).keyId).toBe(a.keyId);
    expect(() => store.find('same')).toThrow(expect.objectContaining({ reason: 'KEY_AMBIGUOUS' }));
    expect(() => store.find(a.keyId.slice(0, 7))).toThrow(expect.objectContaining({ reason: 'KEY_NOT_FOUND' }));
    // A name that looks like somebody's id does not stand in for it.
    await store.trust(request(testKey(), a.keyId));
    expect(store.find(a.keyId).keyId).toBe(a.keyId);
  });

  test.each([
    ['', { name: '' }],
    ['a line', { name: 'two\nlines' }],
    ['what shows', { name: 'a\u202eb' }],
    ['no space around', { name: ' a' }],
    ['a short one', { name: 'a'.repeat(65) }],
    ['an id', { pluginIds: ['sentiment'] }],
    ['each once', { authors: ['a', 'a'] }],
    ['not too many', { authors: Array.from({ length: 65 }, (_, i) => `a${i}`) }],
  ])('asks for %s where it finds %j', async (_what, change) => {
    const store = await open();
    await expect(store.trust({ ...request(testKey(), 'key'), ...change })).rejects.toMatchObject({
      reason: 'REQUEST_INVALID',
    });
  });

  test('takes a damaged list for no empty one', async () => {
    const store = await open();
    await store.trust(request(testKey(), 'key'));
    const good = readFileSync(path, 'utf8');
    const keys = (JSON.parse(good) as { keys: object[] }).keys;
    const damaged = [
      '',
      'null',
      good.slice(0, -3),
      good.replace('"name"', '"nome"'),
      good.replace(/"key_id": "../, '"key_id": "xx'),
      JSON.stringify({ keys: [...keys, ...keys] }),
    ];
    for (const text of damaged) {
      writeFileSync(path, text);
      await expect(open(), text.slice(0, 40)).rejects.toMatchObject({ reason: 'DATA_DIR_DAMAGED' });
    }
  });
});
