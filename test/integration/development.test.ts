import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';

const servers: ServerProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function start(development: boolean, dataDir?: string): Promise<ServerProcess> {
  const server = await ServerProcess.start({ development, ...(dataDir === undefined ? {} : { dataDir }) });
  servers.push(server);
  return server;
}

describe('a server without --development', () => {
  test('refuses a package that nobody has signed, and says what to do', async () => {
    const server = await start(false);
    const client = server.connect();
    const refusal = client.installPlugin(await packPuppet({ name: 'unsigned' }));
    await expect(refusal).rejects.toMatchObject({ code: 'PERMISSION_DENIED', reason: 'SIGNATURE_MISSING' });
    await expect(refusal).rejects.toThrow(/unsigned 1\.0\.0 is not signed.*hal9 plugin sign PACKAGE --key FILE/);
    expect((await client.listPlugins()).plugins).toEqual([]);
    client.close();
  });

  test('does not bring back what a server in development mode has taken', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hal9-development-'));
    folders.push(folder);
    const dataDir = join(folder, 'data');
    const lax = await start(true, dataDir);
    const first = lax.connect();
    await first.installPlugin(await packPuppet({ name: 'unsigned' }));
    expect((await first.activatePlugin('unsigned')).plugin).toMatchObject({ state: 'ACTIVE', unsigned: true });
    first.close();
    await lax.stop();

    const strict = await start(false, dataDir);
    const client = strict.connect();
    const { plugins } = await client.listPlugins();
    expect(plugins).toMatchObject([{ state: 'INSTALLED', unsigned: true, signers: [] }]);
    await expect(client.activatePlugin('unsigned')).rejects.toMatchObject({ reason: 'SIGNATURE_MISSING' });
    await strict.logged(({ level, msg }) => level === 'error' && msg === 'a plugin could not be brought back');
    client.close();
  });
});

describe('a server with --development', () => {
  test('takes an unsigned package, and says so in its log, its list and its metrics', async () => {
    const server = await start(true);
    await server.logged(({ level, msg }) => level === 'warn' && msg.startsWith('development mode'));
    expect(await server.metrics()).toMatch(/^hal9_unsigned_plugins 0$/m);
    const client = server.connect();
    await client.installPlugin(await packPuppet({ name: 'unsigned' }));
    await server.logged(
      ({ level, msg, plugin }) => level === 'warn' && msg.includes('UNSIGNED') && plugin === 'unsigned',
    );
    expect((await client.listPlugins()).plugins).toMatchObject([{ unsigned: true }]);
    expect(await server.metrics()).toMatch(/^hal9_unsigned_plugins 1$/m);
    client.close();
  });
});
