import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { CallError } from '../../src/client/call-error.js';
import type { Client } from '../../src/client/client.js';
import { DataDirectory } from '../../src/package/data-directory.js';
import { packBytes } from '../../src/package/pack.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess, type ServerProcessOptions } from '../harness/server-process.js';

const folders: string[] = [];
const servers: ServerProcess[] = [];

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hal9-data-'));
  folders.push(folder);
  return join(folder, 'data');
}

async function start(options: ServerProcessOptions): Promise<{ server: ServerProcess; client: Client }> {
  const server = await ServerProcess.start(options);
  servers.push(server);
  return { server, client: server.connect() };
}

const echo = (client: Client, content: string) => client.processSignal({ signal: { layer: 'L2', content } });

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('a second start', () => {
  test('has every plugin as it was, active or not, and prepares nothing', async () => {
    const dataDir = dataFolder();
    const first = await start({ dataDir });
    await first.client.installPlugin(await packPuppet({ name: 'active' }));
    await first.client.activatePlugin('active', '{"threshold":1}');
    await first.client.installPlugin(await packPuppet({ name: 'resting', requirements: { max_memory_mb: 2 } }));
    expect(await first.server.metrics()).toMatch(/^hal9_prepares_total 2$/m);
    first.client.close();
    expect(await first.server.stop()).toBe(0);

    const second = await start({ dataDir });
    const { plugins } = await second.client.listPlugins();
    expect(plugins.map(({ ref, state }) => [ref?.name, state])).toEqual([
      ['active', 'ACTIVE'],
      ['resting', 'INSTALLED'],
    ]);
    const { results } = await echo(second.client, 'echo');
    expect(results.map(({ outcome }) => outcome)).toEqual(['OK']);
    expect(await second.server.metrics()).toMatch(/^hal9_prepares_total 0$/m);
    second.client.close();
  });

  test('after kill -9 has what was acknowledged, and takes over the data directory', async () => {
    const dataDir = dataFolder();
    const first = await start({ dataDir });
    await first.client.installPlugin(await packPuppet({ name: 'kept' }));
    await first.client.activatePlugin('kept');
    first.client.close();
    await first.server.stop('SIGKILL');

    const second = await start({ dataDir });
    expect((await echo(second.client, 'echo')).results[0]?.outcome).toBe('OK');
    expect(readdirSync(join(dataDir, 'aside'))).toEqual([]);
    second.client.close();
  });

  test('is refused while another server uses the data directory', async () => {
    const dataDir = dataFolder();
    const first = await start({ dataDir });
    await expect(ServerProcess.start({ dataDir })).rejects.toThrow(/another server|in use|pid/i);
    first.client.close();
  });
});

describe('SIGTERM', () => {
  test('lets a call under way end, refuses new ones, removes the ready file, and ends with 0', async () => {
    const { server, client } = await start({});
    await client.installPlugin(await packPuppet({ name: 'working' }));
    await client.activatePlugin('working');
    await echo(client, 'echo');
    const underWay = Promise.all(Array.from({ length: 8 }, () => echo(client, 'wait')));
    await echo(client, 'echo').catch(() => undefined);
    const late = Promise.all(Array.from({ length: 4 }, () => echo(client, 'wait')));
    const exited = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    expect((await underWay).map(({ results }) => results[0]?.outcome)).toEqual(new Array(8).fill('OK'));
    await late.catch((error: unknown) => expect(error).toBeInstanceOf(CallError));
    expect((await exited)[0]).toBe(0);
    client.close();
  });

  test('a second time stops at once', async () => {
    const { server, client } = await start({ flags: ['--call-timeout-ms', '20000'] });
    await client.installPlugin(await packPuppet({ name: 'spinning' }));
    await client.activatePlugin('spinning');
    const lost = echo(client, 'spin').catch((error: unknown) => error);
    await untilBusy(server);
    const exited = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    await server.logged(({ msg }) => msg === 'stopping: calls under way may end');
    server.child.kill('SIGTERM');
    expect((await exited)[0]).toBe(143);
    expect(await lost).toBeInstanceOf(CallError);
    client.close();
  });

  test('cuts a call off when the drain timeout has passed', async () => {
    const { server, client } = await start({ flags: ['--call-timeout-ms', '20000', '--drain-timeout-ms', '200'] });
    await client.installPlugin(await packPuppet({ name: 'endless' }));
    await client.activatePlugin('endless');
    const lost = echo(client, 'spin').catch((error: unknown) => error);
    await untilBusy(server);
    const exited = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
    expect(await lost).toBeInstanceOf(CallError);
    client.close();
  });
});

describe('an installation', () => {
  test('of the same bytes changes nothing, of other bytes in the same version is refused', async () => {
    const { client } = await start({});
    const bytes = await packPuppet({ name: 'once' });
    expect((await client.installPlugin(bytes)).changed).toBe(true);
    expect((await client.installPlugin(bytes)).changed).toBe(false);
    await expect(client.installPlugin(await packPuppet({ name: 'once', tool: 'other' }))).rejects.toMatchObject({
      reason: 'PLUGIN_EXISTS',
    });
    client.close();
  });

  test('that is refused leaves nothing behind', async () => {
    const dataDir = dataFolder();
    const { client } = await start({ dataDir });
    await expect(client.installPlugin(Buffer.from('PK no zip'))).rejects.toMatchObject({ reason: 'PACKAGE_INVALID' });
    expect((await client.listPlugins()).plugins).toEqual([]);
    expect(['packages', 'prepared', 'aside'].flatMap((place) => readdirSync(join(dataDir, place)))).toEqual([]);
    client.close();
  });

  test('is undone whole by uninstall, which an active plugin refuses', async () => {
    const dataDir = dataFolder();
    const { server, client } = await start({ dataDir });
    await client.installPlugin(await packPuppet({ name: 'leaving' }));
    await client.activatePlugin('leaving');
    await expect(client.uninstallPlugin('leaving')).rejects.toMatchObject({ reason: 'PLUGIN_ACTIVE' });
    await client.deactivatePlugin('leaving');
    await expect(echo(client, 'echo')).rejects.toMatchObject({ reason: 'NOBODY_REGISTERED' });
    await client.uninstallPlugin('leaving');
    expect(readdirSync(join(dataDir, 'packages'))).toEqual([]);
    expect(await server.metrics()).not.toContain('leaving');
    client.close();
  });
});

describe('a server that has stopped', () => {
  test('leaves no thread, socket or timer in its process, and no lock on its data', async () => {
    const { startServer } = await import('../../src/server.js');
    const { loadConfig } = await import('../../src/config.js');
    const { createLog } = await import('../../src/observe/log.js');
    const { connect } = await import('../../src/client/client.js');
    const dataDir = dataFolder();
    const held = () =>
      process
        .getActiveResourcesInfo()
        .filter((kind) => !['PipeWrap', 'TTYWrap', 'FSReqCallback'].includes(kind))
        .sort();
    const before = held();
    const config = loadConfig({ dataDir, development: true, grpcListen: '127.0.0.1:0', httpListen: '127.0.0.1:0' }, {});
    const { log } = createLog({ level: 'silent', format: 'json' });
    const server = await startServer(config, log);
    const client = connect(server.grpc);
    await client.installPlugin(await packPuppet({ name: 'in-process' }));
    await client.activatePlugin('in-process');
    expect((await echo(client, 'echo')).results[0]?.outcome).toBe('OK');
    client.close();
    expect(await server.stop(1_000)).toEqual({ cut: 0, threadsEnded: true });
    // Sockets and threads that were ended are gone some turns of the event loop later; to wait with a timer would hold one.
    for (let turn = 0; turn < 10_000 && held().length > before.length; turn++)
      await new Promise((resolve) => setImmediate(resolve));
    expect(held()).toEqual(before);
    const reopened = await DataDirectory.open(dataDir);
    await reopened.close();
  });
});

async function untilBusy(server: ServerProcess): Promise<void> {
  while (!/hal9_instances\{[^}]*state="busy"[^}]*\} [1-9]/.test(await server.metrics()))
    await new Promise((resolve) => setImmediate(resolve));
}

describe('a configuration that the plugin refuses', () => {
  test('is not kept: the plugin goes on with the one it had', async () => {
    const dataDir = dataFolder();
    const { client } = await start({ dataDir });
    const packed = await packBytes({
      directory: 'examples/sentiment-analyzer',
      wasmPath: 'examples/sentiment-analyzer/sentiment-analyzer.wasm',
    });
    await client.installPlugin(packed.bytes);
    await client.activatePlugin('sentiment-analyzer');
    await expect(client.activatePlugin('sentiment-analyzer', '{"threshold":"x"}')).rejects.toMatchObject({
      reason: 'PLUGIN_LOAD_FAILED',
    });
    expect((await client.getPlugin('sentiment-analyzer')).plugin?.state).toBe('ACTIVE');
    expect((await echo(client, 'A good day.')).results[0]?.outcome).toBe('OK');
    client.close();
  });
});
