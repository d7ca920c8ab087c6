import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess, type ServerProcessOptions } from '../harness/server-process.js';
import { hal9 } from '../unit/cli/command.js';
import { linesOf, openLog } from '../unit/sandbox/audit/a-log.js';

let dataDir: string;
const servers: ServerProcess[] = [];
beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'hal9-audit-')), 'data');
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop('SIGKILL');
  rmSync(join(dataDir, '..'), { recursive: true, force: true });
});

async function start(options: ServerProcessOptions = {}): Promise<{ server: ServerProcess; client: Client }> {
  const server = await ServerProcess.start({ dataDir, ...options });
  servers.push(server);
  return { server, client: server.connect() };
}

const say = (client: Client, content: string) => client.processSignal({ signal: { layer: 'L2', content } });
const entries = () => linesOf(join(dataDir, 'audit'));
const verify = () => hal9(['audit', 'verify', '--data-dir', dataDir]);

describe('the audit log of a server', () => {
  test('tells who did what to which plugin, what was refused, and what its guest was ended for', async () => {
    const { server, client } = await start({ flags: ['--call-timeout-ms', '1000'] });
    await client.installPlugin(await packPuppet({ name: 'watched' }));
    await client.activatePlugin('watched', '{"secret":"hunter2"}');
    expect((await say(client, 'trap')).results[0]?.outcome).toBe('TRAP');
    expect((await say(client, 'spin')).results[0]?.limit).toBe('DEADLINE');
    await expect(client.installPlugin(Buffer.from('PK no zip'))).rejects.toMatchObject({ reason: 'PACKAGE_INVALID' });
    await expect(client.installPlugin(await packPuppet({ name: 'watched', tool: 'x' }))).rejects.toMatchObject({
      reason: 'PLUGIN_EXISTS',
    });
    await client.deactivatePlugin('watched');
    await client.uninstallPlugin('watched');
    const running = await verify();
    expect([running.stderr, running.status]).toEqual(['', 0]);
    client.close();
    expect(await server.stop()).toBe(0);

    const told = entries();
    expect(told.map(({ event, details }) => [event, details['reason']].filter(Boolean).join(' '))).toEqual([
      'server.start',
      'plugin.install',
      'plugin.activate',
      'plugin.load',
      'plugin.kill trap',
      'plugin.kill deadline',
      'denial PACKAGE_INVALID',
      'denial PLUGIN_EXISTS',
      'plugin.deactivate',
      'plugin.uninstall',
      'server.stop',
    ]);
    for (const { event, actor, plugin } of told) {
      const asked = ['install', 'activate', 'deactivate', 'uninstall', 'denial'].some((word) => event.endsWith(word));
      expect([event, actor !== '' && actor !== 'server']).toEqual([event, asked]);
      if (event.startsWith('plugin.')) expect(plugin).toMatchObject({ name: 'watched', version: '1.0.0' });
    }
    expect(told[0]?.details['config_sha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(told[1]?.details['digest']).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(told)).not.toContain('hunter2');
    expect((await verify()).stdout).toMatch(/^lines +11, seq 1 to 11, in 1 file: all in order$/m);
  });

  test('has no line for a call, however many there are', async () => {
    const { server, client } = await start();
    await client.installPlugin(await packPuppet({ name: 'busy' }));
    await client.activatePlugin('busy');
    // Nobody waits for the line of the load; it comes when its code is in service.
    await vi.waitFor(() => expect(entries().at(-1)?.event).toBe('plugin.load'), { timeout: 10_000 });
    const before = statSync(join(dataDir, 'audit/000001.jsonl')).size;
    for (let i = 0; i < 200; i++) await say(client, 'echo');
    // A line is counted once the disk has it, which may be later than it can be read.
    await expect.poll(() => server.metrics()).toMatch(/^hal9_audit_lines_total 4$/m);
    expect(statSync(join(dataDir, 'audit/000001.jsonl')).size).toBe(before);
    client.close();
  });

  test('is whole after kill -9 in the middle of changes, and has every change that was answered', async () => {
    for (let round = 0; round < 2; round++) {
      const { server, client } = await start();
      if (round === 0) for (const name of ['a', 'b', 'c', 'd']) await client.installPlugin(await packPuppet({ name }));
      const answered: string[] = [];
      const lanes = ['a', 'b', 'c', 'd'].map(async (name) => {
        for (;;) {
          await client.activatePlugin(name);
          answered.push(`plugin.activate ${name}`);
          await client.deactivatePlugin(name);
          answered.push(`plugin.deactivate ${name}`);
          if (answered.length >= 20 && server.running) server.child.kill('SIGKILL');
        }
      });
      const from = entries().length;
      await Promise.all([once(server.child, 'exit'), ...lanes.map((lane) => lane.catch(() => undefined))]);
      client.close();
      const next = await start();
      next.client.close();
      expect((await verify()).stderr).toBe('');
      const told = entries()
        .slice(from)
        .map(({ event, plugin }) => `${event} ${plugin?.name}`);
      for (const what of new Set(answered)) {
        const count = (all: string[]) => all.filter((one) => one === what).length;
        expect(count(told)).toBeGreaterThanOrEqual(count(answered));
      }
      await next.server.stop();
    }
  }, 60_000);

  test('is given to a data directory of a server that had none', async () => {
    const first = await start();
    await first.client.installPlugin(await packPuppet({ name: 'old' }));
    first.client.close();
    await first.server.stop();
    rmSync(join(dataDir, 'audit'), { recursive: true });
    const { server, client } = await start();
    expect((await client.listPlugins()).plugins).toHaveLength(1);
    client.close();
    await server.stop();
    expect(entries().map(({ event }) => event)).toEqual(['server.start', 'server.stop']);
  });

  test('that was doctored does not stop a server, which says so in log and metrics and begins a new chain', async () => {
    const first = await start();
    await first.client.installPlugin(await packPuppet({ name: 'kept' }));
    first.client.close();
    await first.server.stop();
    const file = join(dataDir, 'audit/000001.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"name":"kept"', '"name":"left"'));

    const { server, client } = await start();
    expect(await server.logged(({ msg }) => msg.startsWith('the audit log is damaged'))).toMatchObject({
      level: 'error',
      file: '000001.jsonl',
      line: 2,
    });
    expect(await server.metrics()).toMatch(/^hal9_audit_breaks_total 1$/m);
    await client.installPlugin(await packPuppet({ name: 'more' }));
    client.close();
    await server.stop();
    const found = await verify();
    expect([found.status, found.stderr]).toEqual([1, expect.stringMatching(/^hal9: 000001\.jsonl line 2: /)]);
    expect((await hal9(['audit', 'verify', join(dataDir, 'audit/000002.jsonl')])).status).toBe(0);
  });
});

describe('a full disk', () => {
  const LIMIT_KIB = 256;

  /** A server whose audit log has no room left, with a plugin in service and one at rest. */
  async function onFullDisk(): Promise<{ server: ServerProcess; client: Client }> {
    const first = await start();
    for (const name of ['serving', 'resting']) await first.client.installPlugin(await packPuppet({ name }));
    await first.client.activatePlugin('serving');
    first.client.close();
    await first.server.stop();
    const { audit } = openLog(join(dataDir, 'audit'));
    const filler = { event: 'denial' as const, actor: 'filler', details: { message: 'x'.repeat(1_000) } };
    await Promise.all(Array.from({ length: LIMIT_KIB }, () => audit.append(filler)));
    await audit.close();
    return start({ maxFileKib: LIMIT_KIB });
  }

  test('stops what must not happen unaudited, while calls go on and plugins can be taken out of service', async () => {
    const { server, client } = await onFullDisk();
    const refused = { code: 'FAILED_PRECONDITION', reason: 'AUDIT_UNAVAILABLE' };
    await expect(client.installPlugin(await packPuppet({ name: 'new' }))).rejects.toMatchObject(refused);
    await expect(client.activatePlugin('resting')).rejects.toMatchObject(refused);
    await expect(client.activatePlugin('serving', '{"other":1}')).rejects.toMatchObject(refused);
    expect((await say(client, 'echo')).results.map(({ outcome }) => outcome)).toEqual(['OK']);
    expect((await say(client, 'trap')).results.map(({ outcome }) => outcome)).toEqual(['TRAP']);
    expect((await say(client, 'echo')).results.map(({ outcome }) => outcome)).toEqual(['OK']);
    const states = (await client.listPlugins()).plugins.map(({ ref, state }) => `${ref?.name} ${state}`);
    expect(states).toEqual(['resting INSTALLED', 'serving ACTIVE']);
    await client.deactivatePlugin('serving');
    await expect.poll(() => server.metrics()).toMatch(/^hal9_audit_writable 0$/m);
    await server.logged(({ msg }) => msg === 'the audit log cannot be written');
    expect(server.log.filter(({ msg }) => msg === 'the audit log cannot be written')).toHaveLength(1);
    expect((await verify()).status).toBe(0);

    execFileSync('prlimit', ['--pid', String(server.pid), '--fsize=unlimited']);
    await client.installPlugin(await packPuppet({ name: 'new' }));
    client.close();
    await server.stop();
    expect((await verify()).stderr).toBe('');
    const after = entries().filter(({ actor }) => actor !== 'filler');
    const told = after.slice(after.findLastIndex(({ event }) => event === 'server.start'));
    expect(told.map(({ event, details }) => [event, details['reason']].filter(Boolean).join(' '))).toEqual([
      'server.start',
      'plugin.load',
      'denial AUDIT_UNAVAILABLE',
      'plugin.kill trap',
      'plugin.deactivate',
      'plugin.install',
      'server.stop',
    ]);
  }, 60_000);
});
