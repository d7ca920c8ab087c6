import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { testKey } from '../harness/signing.js';

/** Below what `plugins.json` and `trust.json` have: each write of them fails, as on a full disk. */
const LIMIT_KIB = 8;
const BULK = 'x'.repeat(12_000);
const folder = mkdtempSync(join(tmpdir(), 'hal9-full-'));
const dataDir = join(folder, 'data');
const signed = testKey();

let server: ServerProcess;
let client: Client;

async function start(maxFileKib?: number): Promise<void> {
  server = await ServerProcess.start({ dataDir, ...(maxFileKib === undefined ? {} : { maxFileKib }) });
  client = server.connect();
}

async function stop(): Promise<void> {
  client.close();
  await server.stop();
}

/** Reason and words of a refusal. */
const refusal = (call: Promise<unknown>): Promise<{ reason: string; message: string }> =>
  call.then(
    () => ({ reason: 'none', message: '' }),
    (error: unknown) => error as { reason: string; message: string },
  );

const stateOf = async (name: string): Promise<string | undefined> => (await client.getPlugin(name)).plugin?.state;

beforeAll(async () => {
  await start();
  await client.trustKey({ publicKey: signed.publicKey, name: 'publisher' });
  // Long names of authors make the list of keys long.
  const authors = Array.from({ length: 32 }, (_, index) => `${index} ${'y'.repeat(250)}`);
  await client.trustKey({ publicKey: testKey().publicKey, name: 'bulk', authors });
  const requirements = { required_permissions: ['SystemTime'] };
  const bytes = await signed.sign(await packPuppet({ name: 'kept', layer: 'L2', tool: 'kept', requirements }));
  await client.installPlugin(bytes, { decisions: { rest: 'REST_GRANT' } });
  await client.installPlugin(await packPuppet({ name: 'other', layer: 'L3', tool: 'other' }));
  await client.activatePlugin('kept', JSON.stringify({ bulk: BULK }));
  await client.activatePlugin('other');
  await stop();
  await start(LIMIT_KIB);
});

afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The server gets its room back. */
const makeRoom = (): void => void execFileSync('prlimit', ['--pid', String(server.pid), '--fsize=unlimited']);

describe('where the disk has no room for the lists of plugins and keys', () => {
  test('a plugin goes out of service, and its caller learns that it is only until the server ends', async () => {
    const { reason, message } = await refusal(client.deactivatePlugin('other'));
    expect(reason).toBe('DISK_FULL');
    expect(message).toMatch(
      /^other 1\.0\.0 is out of service, but only until the server ends: .* make room, and repeat/,
    );
    expect(await stateOf('other')).toBe('INSTALLED');
  });

  test('a permission is denied, and does not hold any more', async () => {
    const { reason, message } = await refusal(client.setPluginGrants('kept', { deny: ['"SystemTime"'] }));
    expect([reason, message]).toEqual([
      'DISK_FULL',
      expect.stringMatching(/^kept 1\.0\.0 may do less, but only until/),
    ]);
    const { permissions } = await client.getPluginPermissions('kept');
    expect(permissions?.effective).toEqual([]);
    expect(await stateOf('kept')).toBe('ACTIVE');
  });

  test('a key is revoked, which is said of the key and not of its plugins', async () => {
    const { reason, message } = await refusal(client.revokeKey('publisher'));
    expect([reason, message]).toEqual([
      'DISK_FULL',
      expect.stringMatching(/^the key "publisher" is revoked, but only/),
    ]);
    expect((await refusal(client.activatePlugin('kept'))).reason).not.toBe('none');
    expect(await stateOf('kept')).toBe('INSTALLED');
  });

  test('what has to be kept to happen is refused, with the reason and what to do', async () => {
    const { reason, message } = await refusal(client.uninstallPlugin('other'));
    expect([reason, message]).toEqual(['DISK_FULL', expect.stringMatching(/nothing has been written; make room/)]);
    expect(await stateOf('other')).toBe('INSTALLED');
  });

  test('once there is room, the same commands make it last', async () => {
    makeRoom();
    await client.deactivatePlugin('other');
    await client.setPluginGrants('kept', { deny: ['"SystemTime"'] });
    await client.revokeKey('publisher');
    await client.deactivatePlugin('kept');
    await stop();
    await start();
    expect([await stateOf('other'), await stateOf('kept')]).toEqual(['INSTALLED', 'INSTALLED']);
    expect((await client.getPluginPermissions('kept')).permissions?.effective).toEqual([]);
    const revoked = (await client.listKeys()).keys.filter(({ revokedAtMs }) => revokedAtMs !== '0');
    expect(revoked.map(({ name }) => name)).toEqual(['publisher']);
  });
});
