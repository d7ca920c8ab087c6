import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/client.js';
import type { PluginResult } from '../../src/client/messages.js';
import type { LimitUse } from '../../src/client/usage-messages.js';
import { HOST_RATES } from '../../src/limits/host-rates.js';
import { QUOTAS } from '../../src/limits/quotas.js';
import { Fetcher } from '../harness/fetcher.js';
import { Flooder } from '../harness/flooder.js';
import { Keeper } from '../harness/keeper.js';
import { LocalWeb } from '../harness/local-web.js';
import { Messenger } from '../harness/messenger.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';
import { hal9 } from '../unit/cli/command.js';

const CLOCK = 'SystemTime';
/** Little of everything, so that a few calls are too many. */
const slow = (burst: number) => ({ per_second: 1, burst });
const LIMITS = {
  '*': { 'memory-keys': 2 },
  [idOf('asks')]: { 'host-calls': slow(3) },
  [idOf('denied')]: { 'refused-calls': slow(2) },
  [idOf('keeps')]: { 'memory-operations': slow(2) },
  [idOf('works')]: { 'memory-time': slow(1) },
  [idOf('fills')]: { 'memory-bytes': 20 },
  [idOf('fetches')]: { 'http-requests': slow(1) },
  [idOf('sends')]: { 'http-bytes-out': slow(1) },
  [idOf('gets')]: { 'http-bytes-in': slow(1) },
  [idOf('connects')]: { 'http-connections': 2 },
  [idOf('opens')]: { 'http-open-bodies': 1 },
  [idOf('emits')]: { signals: slow(1) },
  [idOf('calls')]: { 'plugin-calls': slow(1) },
  [idOf('talks')]: { 'log-lines': slow(3) },
  [idOf('talks-much')]: { 'log-bytes': slow(30) },
} as const;

const folder = mkdtempSync(join(tmpdir(), 'hal9-usage-'));
const config = join(folder, 'hal9.yaml');
let server: ServerProcess;
let client: Client;
let web: LocalWeb;
let here = '';
let local: object;

beforeAll(async () => {
  web = await LocalWeb.start((request, response) => {
    if (request.url === '/stall') response.write('begun');
    else response.end('a body');
  });
  here = web.url;
  local = web.permission;
  writeFileSync(config, JSON.stringify({ limits: LIMITS }));
  server = await ServerProcess.start({ dataDir: join(folder, 'data'), flags: ['--config', config] });
  client = server.connect(60_000);
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
  web.stop();
  rmSync(folder, { recursive: true });
});

const keeper = (name: string): Promise<Keeper> =>
  Keeper.install(client, { name, requirements: { required_permissions: ['Hal9Memory', CLOCK] } });
const fetcher = (name: string, stateful = false): Promise<Fetcher> =>
  Fetcher.install(client, { name, asks: [local, CLOCK], stateful });

async function useOf(plugin: string, limit: string): Promise<LimitUse | undefined> {
  const { plugins } = await client.getPluginUsage(plugin);
  return plugins[0]?.limits.find((use) => use.limit === limit);
}

async function limitedMetric(plugin: string, limit: string): Promise<number> {
  const name = `hal9_limited_total{plugin="${idOf(plugin)}",limit="${limit}"}`;
  const line = (await server.metrics()).split('\n').find((each) => each.startsWith(name));
  return Number(line?.split(' ')[1] ?? 0);
}

const auditLines = (plugin: string): string[] =>
  readFileSync(join(server.dataDir, 'audit/000001.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"denial"') && line.includes(idOf(plugin)));

/** Beyond each limit the guest has the same error, and operators see it in three places. */
async function expectLimited(plugin: string, limit: string, refused: PluginResult | undefined): Promise<void> {
  expect(refused?.error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  const details = JSON.parse(refused?.error?.details ?? '') as Record<string, unknown>;
  expect(details).toMatchObject({ limit });
  if (!limit.startsWith('memory-') || limit in HOST_RATES) await expectCounted(plugin, limit);
}

async function expectCounted(plugin: string, limit: string): Promise<void> {
  expect(Number((await useOf(plugin, limit))?.limited)).toBeGreaterThan(0);
  expect(await limitedMetric(plugin, limit)).toBeGreaterThan(0);
  await vi.waitFor(() => expect(auditLines(plugin).join()).toContain('"limited"'), 10_000);
}

/** What came of the first call that was refused for its limit. */
async function untilRefused(call: () => Promise<PluginResult>): Promise<PluginResult> {
  for (;;) {
    const result = await call();
    if (result.outcome !== 'OK') return result;
  }
}

describe('a plugin that comes up against', () => {
  test.each([
    ['host-calls', 'asks'],
    ['memory-operations', 'keeps'],
    ['memory-time', 'works'],
  ])('its rate of %s is refused, and told when to ask again', async (limit, name) => {
    const plugin = await keeper(name);
    const refused = await untilRefused(() => plugin.tell('set', { source: 'k', content: '1' }));
    await expectLimited(name, limit, refused);
    expect(JSON.parse(refused.error?.details ?? '')).toMatchObject({ retry_after_ms: expect.any(Number) as number });
    await expectCounted(name, limit);
  });

  test.each([
    ['http-requests', 'fetches'],
    ['http-bytes-out', 'sends'],
    ['http-bytes-in', 'gets'],
  ])('its rate of %s is refused, and told when to ask again', async (limit, name) => {
    const plugin = await fetcher(name);
    const refused = await untilRefused(() => plugin.tell('fetch', `${here}/body`, { body: 'much to say' }));
    await expectLimited(name, limit, refused);
    expect(JSON.parse(refused.error?.details ?? '')).toMatchObject({ retry_after_ms: expect.any(Number) as number });
  });

  test('its connections, or open bodies, is refused until one is closed', async () => {
    const connects = await fetcher('connects', true);
    await expectLimited('connects', 'http-connections', await connects.tell('x', `${here}/stall`));
    expect(await useOf('connects', 'http-connections')).toMatchObject({ used: '2', max: '2' });
    const opens = await fetcher('opens', true);
    await expectLimited('opens', 'http-open-bodies', await opens.tell('x', `${here}/stall`));
    expect(await useOf('opens', 'http-open-bodies')).toMatchObject({ used: '1', max: '1' });
    expect(await useOf('opens', 'http-connections')).toMatchObject({ used: '1', max: '16' });
    await client.deactivatePlugin('opens');
    await client.activatePlugin('opens');
    expect(await useOf('opens', 'http-open-bodies')).toMatchObject({ used: '0' });
  });

  test('its rate of signals, or of calls of other plugins, is refused, and told when to ask again', async () => {
    const emits = await Messenger.install(client, { name: 'emits', layers: ['L3'], grants: ['Hal9Signal', CLOCK] });
    await expectLimited('emits', 'signals', await emits.signal('L3', 'Xn4h'));
    const calls = await Messenger.install(client, { name: 'calls', grants: [{ PluginCall: idOf('emits') }, CLOCK] });
    await expectLimited('calls', 'plugin-calls', await calls.call(`Xc${idOf('emits')}b`));
  });

  test('its quota of keys or bytes is refused, and goes on once it has made room', async () => {
    const plugin = await keeper('full');
    for (const key of ['a', 'b']) await plugin.set(key, 1);
    await expectLimited('full', 'memory-keys', await plugin.tell('set', { source: 'c', content: '1' }));
    expect(await useOf('full', 'memory-keys')).toMatchObject({ used: '2', max: '2', limited: '1' });
    await plugin.delete('a');
    expect(await plugin.set('c', 1)).toBe('1');
    const fills = await keeper('fills');
    await expectLimited(
      'fills',
      'memory-bytes',
      await fills.tell('set', { source: 'k', content: '"0123456789 0123456789"' }),
    );
    expect((await client.memory.list()).memories.find(({ pluginName }) => pluginName === 'full')).toMatchObject({
      maxKeys: '2',
      maxBytes: String(QUOTAS['memory bytes']),
    });
  });

  test('a rate without a clock is made to wait, which is counted as well', async () => {
    const flooder = await Flooder.install(client, { name: 'denied', asks: ['Hal9Memory'], granted: false });
    expect(await flooder.call({ what: 'get', times: 3 })).toBe(3);
    await expectCounted('denied', 'refused-calls');
    expect(auditLines('denied').join()).toContain('"refused-calls"');
  });

  test.each([
    ['log-lines', 'talks'],
    ['log-bytes', 'talks-much'],
  ])('its rate of %s loses lines, by all its instances together', async (limit, name) => {
    const flooder = await Flooder.install(client, { name });
    await flooder.call({ what: 'log', times: 50, text: 'ten bytes.' });
    await vi.waitFor(async () => expect(await limitedMetric(name, 'log-lines')).toBeGreaterThan(0), 10_000);
    const lines = server.log.filter(({ msg, plugin }) => plugin === name && msg === 'ten bytes.');
    expect([lines.length, Number((await useOf(name, limit))?.max)]).toEqual([3, limit === 'log-lines' ? 3 : 30]);
    await vi.waitFor(() => expect(auditLines(name).join()).toContain('"of":"log"'), 10_000);
  });
});

describe('hal9 plugin usage', () => {
  test('shows every limit of a plugin, and of all plugins those that matter', async () => {
    await keeper('quiet');
    const names = [...Object.keys(HOST_RATES), ...Object.keys(QUOTAS)].map((name) => name.replaceAll(' ', '-'));
    const own = ['instances', 'queued-calls', 'queued-bytes', 'metric-names', 'metric-series'];
    const { limits } = (await client.getPluginUsage('quiet')).plugins[0] ?? { limits: [] };
    expect(limits.map(({ limit }) => limit).sort()).toEqual([...names, ...own].sort());
    expect(await useOf('quiet', 'http-requests')).toMatchObject({
      max: '100',
      perSecond: '50',
      used: '0',
      limited: '0',
    });
    const [one, all, json] = await Promise.all(
      [['quiet'], [], ['--json']].map((args) =>
        hal9(['plugin', 'usage', ...args], { env: { HAL9_SERVER: server.grpc } }),
      ),
    );
    expect(one?.stdout).toMatch(/^ {2}http-requests +0 +50 a second, 100 at once +0$/m);
    expect(one?.stdout).toMatch(/^ {2}memory-bytes +0 B +16\.0 MiB +0$/m);
    expect(all?.stdout).toMatch(/^ {2}memory-keys +2 +2 +1$/m);
    expect(all?.stdout).not.toContain('metric-series');
    expect(json?.json()['plugins']).toContainEqual(expect.objectContaining({ limits: expect.any(Array) as unknown }));
  });

  test('has nothing to show of a plugin that is not in service, and knows which there are', async () => {
    await client.deactivatePlugin('quiet');
    expect((await client.getPluginUsage('quiet')).plugins).toMatchObject([{ plugin: { name: 'quiet' }, limits: [] }]);
    expect((await client.getPluginUsage()).plugins.map(({ plugin }) => plugin?.name)).not.toContain('quiet');
    await expect(client.getPluginUsage('nobody')).rejects.toThrow('nobody');
  });

  test('shows limits as they are after a reload, and so they hold', async () => {
    const plugin = await keeper('reloaded');
    for (const key of ['a', 'b']) await plugin.set(key, 1);
    expect(await plugin.set('c', 1)).toMatch(/^RESOURCE_EXHAUSTED/);
    writeFileSync(config, JSON.stringify({ limits: { [idOf('reloaded')]: { 'memory-keys': 3, signals: 7 } } }));
    server.child.kill('SIGHUP');
    await server.logged(({ msg }) => msg === 'settings have changed');
    expect(await useOf('reloaded', 'memory-keys')).toMatchObject({ used: '2', max: '3' });
    expect(await useOf('reloaded', 'signals')).toMatchObject({ max: '7', perSecond: '7' });
    expect(await plugin.set('c', 1)).toBe('1');
  });
});
