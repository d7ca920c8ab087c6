import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

let server: ServerProcess;
let client: Client;

async function install(options: Parameters<typeof packPuppet>[0]): Promise<string> {
  await client.installPlugin(await packPuppet(options));
  await client.activatePlugin(options.name);
  return idOf(options.name);
}

beforeAll(async () => {
  server = await ServerProcess.start({
    flags: ['--log-level', 'debug', '--call-timeout-ms', '1000', '--call-fuel', '100000000000'],
  });
  client = server.connect();
});

afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
});

describe('the log', () => {
  test("carries a guest's lines with plugin, version, request and trace", async () => {
    const pluginId = await install({ name: 'talkative' });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await client.processSignal(
      { signal: { layer: 'L2', content: 'log this' }, pluginId, requestId: 'logged' },
      { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    );
    const line = await server.logged(({ source, msg }) => source === 'guest' && msg === 'log this');
    expect(line).toMatchObject({ level: 'info', plugin: 'talkative', version: '1.0.0', requestId: 'logged', traceId });
  });
});

describe("the server's log", () => {
  test('says why an instance was ended, and for which request', async () => {
    const pluginId = await install({ name: 'ended' });
    await client.processSignal({ signal: { layer: 'L2', content: 'trap' }, pluginId, requestId: 'fatal' });
    const line = await server.logged(({ msg }) => msg === 'an instance was ended');
    expect(line).toMatchObject({ plugin: 'ended', pluginId, version: '1.0.0', reason: 'trap', requestId: 'fatal' });
    expect(line['detail']).toContain('unreachable');
  });

  test('says what a call had used that ended its instance, as its caller is told', async () => {
    const pluginId = await install({ name: 'metered' });
    for (const [requestId, content, reason] of [
      ['trapped', 'trap', 'trap'],
      ['spent', 'spin', 'fuel'],
    ] as const) {
      const signal = { layer: 'L2', content } as const;
      const { results } = await client.processSignal({ signal, pluginId, requestId, fuel: 5_000 });
      const fuel = Number(results[0]?.cost?.fuel);
      expect(fuel).toBeGreaterThan(0);
      const ofCall = ({ msg, requestId: id }: Record<string, unknown>): boolean =>
        msg === 'an instance was ended' && id === requestId;
      expect(await server.logged(ofCall)).toMatchObject({ reason, fuel });
    }
  });

  test('says for which request an instance was ended that took too long, and no fuel: its counter is gone', async () => {
    const pluginId = await install({ name: 'endless' });
    const { results } = await client.processSignal(
      { signal: { layer: 'L2', content: 'spin' }, pluginId, requestId: 'late' },
      { timeoutMs: 20_000 },
    );
    expect(results[0]).toMatchObject({ outcome: 'LIMIT', limit: 'DEADLINE' });
    const line = await server.logged(({ msg, plugin }) => msg === 'an instance was ended' && plugin === 'endless');
    expect(line).toMatchObject({ reason: 'deadline', requestId: 'late' });
    expect(line['traceId']).toBeDefined();
    expect(line).not.toHaveProperty('fuel');
    expect(results[0]?.cost?.fuel).toBeUndefined();
    expect(await server.metrics()).toContain(`hal9_fuel_total{plugin="${pluginId}"} 0`);
  });

  test('says what became of plugins', async () => {
    await install({ name: 'followed' });
    await client.deactivatePlugin('followed');
    await client.uninstallPlugin('followed');
    for (const what of ['installed', 'activated', 'deactivated', 'uninstalled']) {
      await server.logged(({ msg, plugin }) => msg === `plugin ${what}` && plugin === 'followed');
    }
  });
});
