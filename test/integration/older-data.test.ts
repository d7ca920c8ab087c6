import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { DataDirectory } from '../../src/package/data-directory.js';
import { readPackage } from '../../src/package/read.js';
import { Preparer } from '../../src/prepare/prepare.js';
import { puppetNeeding } from '../harness/dependent-puppets.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { ATTACK_NEURON, ATTACK_TOOL, packWat } from '../harness/wat-plugin.js';
import { linesOf } from '../unit/sandbox/audit/a-log.js';

let folder: string;
let server: ServerProcess | undefined;
let client: Client | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hal9-data-'));
});
afterEach(async () => {
  client?.close();
  await server?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<Client> {
  server = await ServerProcess.start({ dataDir: join(folder, 'data') });
  client = server.connect();
  return client;
}

/** Leaves a data directory behind as a server of that version would that took these plugins and had them active. */
async function leftBy(hostVersion: string, ...packages: readonly Uint8Array[]): Promise<void> {
  const directory = await DataDirectory.open(join(folder, 'data'));
  const preparer = new Preparer({ cache: directory.cache, hostVersion });
  const entries = [];
  for (const bytes of packages) {
    const contents = await readPackage(bytes);
    await directory.store.put(contents, bytes);
    // A contract that this build does not speak cannot be prepared here.
    await preparer.prepare(contents).catch(() => undefined);
    const { id, version } = contents.manifest.metadata;
    entries.push({ id, version, digest: contents.digest, active: true, config: '{}', installedAtMs: 1, signedBy: [] });
  }
  await directory.store.writeIndex(entries);
  await directory.close();
}

const newer = (): Promise<Uint8Array> => packPuppet({ name: 'newer', requirements: { min_hal9_version: '99.0.0' } });

/** Why plugins were kept out of service, as the audit log of the server says, which is stopped. */
async function quarantined(): Promise<(string | undefined)[]> {
  await server?.stop();
  return linesOf(join(folder, 'data', 'audit'))
    .filter(({ event, plugin }) => event === 'plugin.quarantine' && plugin?.id !== '')
    .map(({ details }) => details['reason']);
}

/** A module of another version of the contract. */
const foreign = (): Promise<Uint8Array> =>
  packWat({
    name: 'foreign',
    wat: `(module (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
      (func (export "hal9:plugin/neuron@9.1.0#process") (param i32) (result i32) (i32.const 0)))`,
    capabilities: [ATTACK_NEURON, ATTACK_TOOL],
  });

describe('a plugin for a newer server', () => {
  test('is refused when it is installed', async () => {
    const running = await start();
    await expect(running.installPlugin(await newer())).rejects.toMatchObject({
      reason: 'MANIFEST_INVALID',
      message: expect.stringMatching(/min_hal9_version: expected at most 0\.1\.0, .*found 99\.0\.0/) as string,
    });
  });

  test('stays out of service when this server starts with the data of the newer one, and with it what needs it', async () => {
    const dependent = await puppetNeeding('dependent 1.0.0', 'newer *');
    await leftBy('99.0.0', await newer(), dependent, await packPuppet({ name: 'other' }));
    const running = await start();
    const { plugins } = await running.listPlugins();
    expect(plugins.map(({ ref, state }) => [ref?.name, state])).toEqual([
      ['dependent', 'INSTALLED'],
      ['other', 'ACTIVE'],
    ]);
    const notBack = await server?.logged(({ version, pluginId, msg, err }) => {
      const said = JSON.stringify(err ?? '');
      return msg === 'a plugin could not be brought back' && Boolean(version && pluginId) && said.includes('99.0.0');
    });
    expect(JSON.stringify(notBack)).toContain('min_hal9_version');
    const without = await server?.logged(({ err }) => JSON.stringify(err ?? '').includes('dependent 1.0.0 needs'));
    expect(JSON.stringify(without)).toContain('DEPENDENCY_MISSING');
    await expect(running.activatePlugin('dependent')).rejects.toMatchObject({ reason: 'DEPENDENCY_MISSING' });
    expect(await server?.metrics()).toMatch(/hal9_plugins\{state="failed"\} 2/);
    expect(await quarantined()).toEqual(['MANIFEST_INVALID', 'DEPENDENCY_MISSING']);
  });
});

describe('a plugin of another version of the contract', () => {
  test('is refused when it is installed', async () => {
    const running = await start();
    await expect(running.installPlugin(await foreign())).rejects.toMatchObject({
      reason: 'CONTRACT_VERSION',
      details: { spoken: '0.1.0' },
    });
  });

  test('stays out of service when the server starts with data that has it', async () => {
    await leftBy('0.1.0', await foreign(), await packPuppet({ name: 'other' }));
    const running = await start();
    expect((await running.listPlugins()).plugins.map(({ ref }) => ref?.name)).toEqual(['other']);
    const notBack = await server?.logged(({ msg }) => msg === 'a plugin could not be brought back');
    expect(JSON.stringify(notBack)).toContain('CONTRACT_VERSION');
  });
});
