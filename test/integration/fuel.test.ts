import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import type { PluginResult } from '../../src/client/messages.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

let server: ServerProcess;
let client: Client;

async function install(name: string, requirements: Record<string, unknown> = {}): Promise<string> {
  await client.installPlugin(await packPuppet({ name, requirements }));
  await client.activatePlugin(name);
  return idOf(name);
}

async function send(pluginId: string, content: string, fuel?: number): Promise<PluginResult> {
  const request = { signal: { layer: 'L2' as const, content }, pluginId };
  const { results } = await client.processSignal(fuel === undefined ? request : { ...request, fuel });
  const [result] = results;
  if (result === undefined) throw new Error('no result');
  return result;
}

const fuelOf = (result: PluginResult): number => Number(result.cost?.fuel);

beforeAll(async () => {
  server = await ServerProcess.start({ flags: ['--call-timeout-ms', '20000', '--call-fuel', '50000000'] });
  client = server.connect();
});

afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
});

describe('fuel', () => {
  test('is the same for the same call, grows with the input, and is reported with its version and in the metrics', async () => {
    const pluginId = await install('steady');
    const used = [await send(pluginId, 'echo'), await send(pluginId, 'echo'), await send(pluginId, 'echo')].map(fuelOf);
    expect(new Set(used).size).toBe(1);
    expect(used[0]).toBeGreaterThan(0);
    const longer = await send(pluginId, `e${'x'.repeat(1_000)}`);
    // Copied in once and out once.
    expect(fuelOf(longer) - (used[0] ?? 0)).toBe(2 * (1_001 - 4));
    expect(longer.cost?.fuelVersion).toBe(1);
    const total = used.reduce((sum, each) => sum + each, fuelOf(longer));
    expect(await server.metrics()).toContain(`hal9_fuel_total{plugin="${pluginId}"} ${total}`);
  });

  test('runs out exactly one unit below what a call uses', async () => {
    const pluginId = await install('bisected');
    const used = fuelOf(await send(pluginId, 'echo'));
    expect((await send(pluginId, 'echo', used)).outcome).toBe('OK');
    const short = await send(pluginId, 'echo', used - 1);
    expect([short.outcome, short.limit]).toEqual(['LIMIT', 'FUEL']);
    expect(short.error?.code).toBe('RESOURCE_EXHAUSTED');
    expect(JSON.parse(short.error?.details ?? '')).toMatchObject({ limit: used - 1, used, plugin: pluginId });
    expect((await send(pluginId, 'echo')).outcome).toBe('OK');
  });

  test('ends a loop at the budget of the request, else of the plugin, else of the server', async () => {
    const own = await install('own-budget', { max_fuel: 1_000_000 });
    const none = await install('no-budget');
    for (const [pluginId, fuel, budget] of [
      [own, 5_000, 5_000],
      [own, undefined, 1_000_000],
      [none, undefined, 50_000_000],
    ] as const) {
      const result = await send(pluginId, 'spin', fuel);
      expect([result.outcome, result.limit]).toEqual(['LIMIT', 'FUEL']);
      expect(fuelOf(result)).toBeGreaterThanOrEqual(budget);
      expect(fuelOf(result)).toBeLessThan(budget + 10_000);
    }
  });

  test('is at most the budget after a trap, which names the functions it came through', async () => {
    const pluginId = await install('trapping');
    const result = await send(pluginId, 'trap', 100_000);
    expect(result.outcome).toBe('TRAP');
    expect(fuelOf(result)).toBeLessThanOrEqual(100_000);
    const { backtrace } = JSON.parse(result.error?.details ?? '') as {
      backtrace: { function?: string; offset?: number }[];
    };
    expect(backtrace[0]?.function).toBe('act');
    expect(backtrace[0]?.offset).toBeGreaterThan(0);
  });

  test('is not counted for a call that the guest never saw', async () => {
    const pluginId = await install('unseen');
    await expect(
      client.processSignal({ signal: { layer: 'L2', metadata: { x: '{' } }, pluginId }),
    ).rejects.toMatchObject({
      reason: 'REQUEST_INVALID',
    });
    expect(await server.metrics()).toContain(`hal9_fuel_total{plugin="${pluginId}"} 0`);
  });
});
