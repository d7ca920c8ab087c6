import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { QUOTAS } from '../../src/limits/quotas.js';
import { MEMORY_LIMITS } from '../../src/limits.js';
import { Keeper } from '../harness/keeper.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

let server: ServerProcess;
let client: Client;
beforeAll(async () => {
  server = await ServerProcess.start();
  client = server.connect(60_000);
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
});

const hostCalls = async (plugin: string, op: string, decision: string): Promise<number> => {
  const pattern = new RegExp(
    `^hal9_host_calls_total\\{plugin="${idOf(plugin)}",op="${op}",decision="${decision}"\\} (\\d+)$`,
    'm',
  );
  return Number(pattern.exec(await server.metrics())?.[1] ?? 0);
};

describe('the memory of a plugin', () => {
  test('gives back what was set, lists it, finds it and forgets it', async () => {
    const keeper = await Keeper.install(client, { name: 'basic' });
    expect(await keeper.get('a')).toBe('none');
    expect(await keeper.set('a/1', { text: 'Herons stand in ponds' })).toBe('{"text":"Herons stand in ponds"}');
    await keeper.set('a/2', { text: 'A pond' });
    await keeper.set('b', [1, 'river']);
    expect(await keeper.get('a/1')).toBe('{"text":"Herons stand in ponds"}');
    expect((await keeper.list('a/')).map(([key]) => key)).toEqual(['a/1', 'a/2']);
    expect(await keeper.list('', 1)).toEqual([['a/1', '{"text":"Herons stand in ponds"}']]);
    expect((await keeper.find('POND')).map(([key]) => key)).toEqual(['a/2']);
    expect(await keeper.find('river')).toEqual([['b', '[1,"river"]']]);
    expect([await keeper.delete('b'), await keeper.delete('b'), await keeper.get('b')]).toEqual(['1', '0', 'none']);
    expect(await hostCalls('basic', 'memory.set', 'allowed')).toBe(3);
  });

  test('is refused as a value where the operator has not granted it', async () => {
    const keeper = await Keeper.install(client, { name: 'denied', granted: false });
    const refused = await keeper.tell('get', { source: 'a' });
    expect(refused).toMatchObject({ outcome: 'PLUGIN_ERROR', error: { code: 'PERMISSION_DENIED' } });
    expect(JSON.parse(refused.error?.details ?? '')).toEqual({ permission: 'Hal9Memory' });
    for (const answer of [await keeper.set('a', 1), await keeper.delete('a'), await keeper.get('shared:team/a')])
      expect(answer).toMatch(/^PERMISSION_DENIED: this needs the permission/);
    expect((await keeper.list(''))[0]?.[1]).toMatch(/^PERMISSION_DENIED/);
    expect((await keeper.find('a'))[0]?.[1]).toMatch(/^PERMISSION_DENIED/);
    expect(await hostCalls('denied', 'memory.get', 'denied')).toBe(2);
    const { permissions } = await client.getPluginPermissions('denied');
    expect(permissions?.used).toContainEqual({ permission: '"Hal9Memory"', allowed: '0', refused: '5' });
    await vi.waitFor(() => {
      const lines = readFileSync(join(server.dataDir, 'audit/000001.jsonl'), 'utf8').split('\n');
      const denials = lines.filter((line) => line.includes('"denial"') && line.includes(idOf('denied')));
      expect(denials.join()).toMatch(/"memory\.get".*"memory\.set"/);
    }, 10_000);
    const { memories } = await client.memory.list();
    expect(memories.filter(({ pluginName }) => pluginName === 'denied')).toEqual([]);
  });

  test("is not another plugin's, but what they share is of both", async () => {
    const one = await Keeper.install(client, { name: 'one' });
    const two = await Keeper.install(client, { name: 'two' });
    await one.set('k', 'secret'.length);
    await one.set('shared:team/k', { text: 'for both' });
    expect([await two.get('k'), await two.list(''), await two.find('6')]).toEqual(['none', [], []]);
    expect(await two.get('shared:team/k')).toBe('{"text":"for both"}');
    expect(await two.list('shared:team/')).toEqual([['shared:team/k', '{"text":"for both"}']]);
    expect(await two.find('shared:team/both')).toEqual([['shared:team/k', '{"text":"for both"}']]);
    expect(await two.delete('shared:team/k')).toBe('1');
    expect(await one.get('shared:team/k')).toBe('none');
    expect(await one.get('shared:other/k')).toBe(
      'PERMISSION_DENIED: this needs the permission {"Hal9SharedMemory":"other"}, which the plugin does not have',
    );
    for (const key of ['shared:', 'shared:team', 'shared:Team/k', 'shared:../k', `shared:plugin:${idOf('two')}/k`])
      expect(await one.set(key, 1)).toMatch(/^INVALID_INPUT/);
    await two.set('k', 2);
    for (const key of [`plugin:${idOf('two')}/k`, '../k', `${idOf('two')}/k`]) expect(await one.get(key)).toBe('none');
  });

  test('takes hostile keys, values and queries for what they are: text', async () => {
    const keeper = await Keeper.install(client, { name: 'hostile' });
    const keys = ['a\0b', "'; DROP TABLE entries; --", '%', '../../etc/passwd', '{"$ne":null}', '\u{202e}', '🐦'];
    for (const key of keys) await keeper.set(key, `${key} herons`);
    for (const key of keys) expect(await keeper.get(key)).toBe(JSON.stringify(`${key} herons`));
    expect(await keeper.list('')).toHaveLength(keys.length);
    for (const query of ['herons" OR "x', 'AND (', 'text:herons', 'NEAR(', '"', '\0', "'; DROP TABLE entries; --x"])
      expect(await keeper.find(query)).toEqual([]);
    expect(await keeper.find('"herons*')).toHaveLength(keys.length);
    expect(await keeper.setText('k', '{not json')).toBe('INVALID_INPUT: value: expected one JSON text');
    expect(await keeper.set('', 1)).toMatch(/^INVALID_INPUT: key/);
    const largest = JSON.stringify('x'.repeat(MEMORY_LIMITS.maxValueBytes - 2));
    expect(await keeper.setText('k', largest)).toBe(largest);
    expect(await keeper.setText('k', `${largest} `)).toMatch(/^INVALID_INPUT: value: expected at most 262144 bytes/);
    expect(await keeper.find('a '.repeat(600))).toEqual([['refused', expect.stringMatching(/^INVALID_INPUT: query/)]]);
    const words = Array.from({ length: 17 }, (_, i) => `w${i}`).join(' ');
    expect(await keeper.find(words)).toEqual([['refused', expect.stringContaining('at most 16 words')]]);
    // More than a host call may carry ends the instance, before anything is copied.
    expect(await keeper.set('k', 'x'.repeat(1_100_000))).toBe('LIMIT OUTPUT');
    expect(await keeper.get('k')).toBe(largest);
  });

  test('holds what its quota allows, and answers no more at once than it may', async () => {
    const keeper = await Keeper.install(client, { name: 'full' });
    const value = JSON.stringify('x'.repeat(MEMORY_LIMITS.maxValueBytes - 2));
    let stored = 0;
    while ((await keeper.setText(`k${stored}`, value)) === value) stored++;
    expect(stored).toBe(Math.floor(QUOTAS['memory bytes'] / (MEMORY_LIMITS.maxValueBytes + 3)));
    const refused = await keeper.tell('set', { source: 'k', content: value });
    expect(refused).toMatchObject({ outcome: 'PLUGIN_ERROR', error: { code: 'RESOURCE_EXHAUSTED' } });
    expect(JSON.parse(refused.error?.details ?? '')).toMatchObject({
      limit: 'memory-bytes',
      max: QUOTAS['memory bytes'],
    });
    const listed = await keeper.tell('list', { times: 1_000 });
    expect(JSON.parse(listed.error?.details ?? '')).toMatchObject({ limit: 'memory-answer-bytes' });
    expect(await keeper.list('', 3)).toHaveLength(3);
    await keeper.delete('k0');
    expect(await keeper.setText('k', value)).toBe(value);
  });

  test('is not touched by a call that has no fuel left for it', async () => {
    const keeper = await Keeper.install(client, { name: 'fuel' });
    // Keys of one length, since bytes that are handed out are paid for.
    const keyOf = (fuel: number): string => `k${String(fuel).padStart(8, '0')}`;
    const count = (fuel: number, budget?: number) =>
      keeper.tell('count', { source: keyOf(fuel), content: '1', times: 500 }, budget);
    const enough = Number((await count(0)).cost?.fuel);
    const budgets = Array.from({ length: 40 }, (_, i) => enough - i * Math.floor(enough / 40)).reverse();
    const kept: number[] = [];
    for (const budget of budgets) {
      const { outcome, limit } = await count(budget, budget);
      expect([outcome, limit]).toEqual(budget < enough ? ['LIMIT', 'FUEL'] : ['OK', 'LIMIT_UNSPECIFIED']);
      if ((await keeper.get(keyOf(budget))) !== 'none') kept.push(budget);
    }
    // What was paid for when the host was called is kept, also where the guest had not enough to come to its end.
    expect(kept).toEqual(budgets.slice(-kept.length));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(budgets.length);
  });
});

describe('a guest that floods its memory with calls', () => {
  test('is ended by its deadline, and nobody else waits for it', async () => {
    const flooder = await Keeper.install(client, { name: 'flooder', requirements: { max_call_ms: 1_500 } });
    await client.installPlugin(await packPuppet({ name: 'bystander' }));
    await client.activatePlugin('bystander');
    const floods = [1, 2, 3, 4].map(() => flooder.tell('w', { source: 'k', times: 2_000_000_000 }));
    let over = false;
    void Promise.all(floods).then(() => (over = true));
    let answered = 0;
    while (!over) {
      const { results } = await client.processSignal({
        signal: { layer: 'L2', content: 'echo' },
        neuronType: 'puppet',
      });
      expect(results[0]?.outcome).toBe('OK');
      answered++;
    }
    expect(answered).toBeGreaterThan(20);
    expect(await Promise.all(floods)).toMatchObject(Array(4).fill({ outcome: 'LIMIT', limit: 'DEADLINE' }));
    expect(await flooder.get('k')).toBe('none');
  });
});

describe('what a plugin keeps', () => {
  test('outlives its upgrade and the server, and goes when it is uninstalled', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hal9-data-'));
    const dataDir = join(folder, 'data');
    const first = await ServerProcess.start({ dataDir });
    const to = first.connect();
    const keeper = await Keeper.install(to, { name: 'lasting' });
    await keeper.set('k', 'kept');
    await keeper.set('shared:team/k', 'kept');
    await to.deactivatePlugin('lasting');
    const upgraded = await Keeper.install(to, { name: 'lasting', version: '1.1.0' });
    expect(await upgraded.get('k')).toBe('"kept"');
    to.close();
    expect(await first.stop()).toBe(0);

    const second = await ServerProcess.start({ dataDir });
    const again = second.connect();
    expect(await keeper.seenBy(again).get('k')).toBe('"kept"');
    await again.deactivatePlugin('lasting');
    await again.uninstallPlugin('lasting');
    expect((await again.memory.list()).memories.map(({ name }) => name)).toEqual(['shared:team']);
    const anew = await Keeper.install(again, { name: 'lasting' });
    expect([await anew.get('k'), await anew.get('shared:team/k')]).toEqual(['none', '"kept"']);
    again.close();
    expect(await second.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  test('is all there after kill -9 in the midst of a burst', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hal9-data-'));
    const dataDir = join(folder, 'data');
    const first = await ServerProcess.start({ dataDir });
    const to = first.connect();
    const keeper = await Keeper.install(to);
    const acknowledged: number[] = [];
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let i = writer; first.running; i += 16) {
          const answer = await keeper.set(`k${i}`, `value ${i}`).catch(() => undefined);
          if (answer === undefined) return;
          acknowledged.push(i);
          if (acknowledged.length === 300) first.child.kill('SIGKILL');
        }
      }),
    );
    to.close();
    await first.stop();

    const second = await ServerProcess.start({ dataDir });
    const again = second.connect();
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    for (const i of acknowledged) {
      const { entry } = await again.memory.get({ memory: 'keeper', key: `k${i}` });
      expect(entry?.value).toBe(`"value ${i}"`);
    }
    expect(await keeper.seenBy(again).find(`value ${acknowledged.at(-1)}`, 1)).toHaveLength(1);
    again.close();
    expect(await second.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  });
});
