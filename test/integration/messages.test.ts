import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { MESSAGE_LIMITS } from '../../src/limits/messages.js';
import { Messenger, told } from '../harness/messenger.js';
import { type LogEntry, ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

const SIGNAL = 'Hal9Signal';
const mayCall = (...names: string[]) => names.map((name) => ({ PluginCall: idOf(name) }));
const op = (name: string, rest: string) => `c${idOf(name)}${rest}`;

let server: ServerProcess;
let client: Client;
const plugins: Record<string, Messenger> = {};

async function install(name: string, grants: readonly unknown[], layers: readonly string[] = ['L9'], more = {}) {
  const requirements = { stateful: false, max_memory_mb: 4, ...more };
  plugins[name] = await Messenger.install(client, { name, layers, grants, requirements });
}

function plugin(name: string): Messenger {
  const found = plugins[name];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** What a plugin has logged of a request. */
const heard = (requestId: string): string[] =>
  server.log
    .filter((entry: LogEntry) => entry['source'] === 'guest' && entry['requestId'] === requestId)
    .map((entry) => `${String(entry['plugin'])}: ${entry.msg}`);

async function metric(name: string, labels: string): Promise<number> {
  const line = (await server.metrics()).split('\n').find((each) => each.startsWith(`${name}{${labels}}`));
  return Number(line?.split(' ')[1] ?? 0);
}

beforeAll(async () => {
  server = await ServerProcess.start({ flags: ['--call-timeout-ms', '10000'] });
  client = server.connect(60_000);
  await install('low', [SIGNAL, ...mayCall('helper', 'middle', 'low', 'missing')], ['L3']);
  await install('middle', [SIGNAL, 'Hal9Memory', 'SystemTime', ...mayCall('helper', 'low', 'keeper')], ['L4']);
  await install('high', [SIGNAL], ['L5']);
  await install('above', [], ['L6']);
  await install('mute', [], ['L7']);
  await install('helper', ['Hal9Memory', 'SystemTime', ...mayCall('low', 'keeper')]);
  await install('keeper', ['Hal9Memory'], ['L9'], { stateful: true });
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
});

describe('a signal that a plugin sends', () => {
  test('reaches the layers above and below once the call has ended, in the trace of what caused it', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319d';
    const settings = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    expect(told(await plugin('middle').signal('L4', 'n5hup', 'up', settings))).toBe('1');
    expect(told(await plugin('middle').signal('L4', 'n3hdown', 'down', settings))).toBe('1');
    await expect.poll(() => [...heard('up'), ...heard('down')]).toEqual(['high: hup', 'low: hdown']);
    const line = server.log.find((entry) => entry.msg === 'hup');
    expect(line).toMatchObject({ traceId });
  });

  test('goes on from plugin to plugin, and stops where it has been', async () => {
    expect(told(await plugin('low').signal('L3', 'n4n5n6hchain', 'chain'))).toBe('1');
    await expect.poll(() => heard('chain')).toEqual(['above: hchain']);
    const before = await metric(
      'hal9_host_calls_total',
      `plugin="${idOf('middle')}",op="signals.emit",decision="invalid"`,
    );
    // low -> middle -> low: the second one is refused to middle, by name.
    expect(told(await plugin('low').signal('L3', 'n4n3hloop', 'loop'))).toBe('1');
    const labels = `plugin="${idOf('middle')}",op="signals.emit",decision="invalid"`;
    await expect.poll(() => metric('hal9_host_calls_total', labels)).toBe(before + 1);
    expect(heard('loop')).toEqual([]);
  });

  test('is refused for a layer that is not adjacent, and without the permission', async () => {
    expect(told(await plugin('middle').signal('L4', 'n6hfar'))).toMatch(
      /^INVALID_INPUT: signal\.layer: expected one next to L4, .*found L6$/,
    );
    expect(told(await plugin('middle').signal('L4', 'n4hsame'))).toMatch(/^INVALID_INPUT/);
    expect(told(await plugin('mute').signal('L7', 'n8hno'))).toMatch(/^PERMISSION_DENIED: .*Hal9Signal/);
  });

  test('may be sent by a tool to the layers next to those of the plugin', async () => {
    expect(told(await plugin('middle').call('n5htool', { requestId: 'tool' }))).toBe('1');
    await expect.poll(() => heard('tool')).toEqual(['high: htool']);
    expect(told(await plugin('middle').call('n6hno'))).toMatch(/^INVALID_INPUT/);
  });

  test('is not delivered when the call that sent it fails', async () => {
    const labels = `plugin="${idOf('middle')}",outcome="discarded"`;
    const before = await metric('hal9_signals_emitted_total', labels);
    expect(told(await plugin('middle').signal('L4', 'Tn5hlost', 'lost'))).toBe('TRAP');
    expect(told(await plugin('middle').signal('L4', 'En5hlost', 'lost'))).toBe('INVALID_INPUT: no');
    await expect.poll(() => metric('hal9_signals_emitted_total', labels)).toBe(before + 2);
    expect(heard('lost')).toEqual([]);
  });

  test('counts as sent to nobody where no plugin has a neuron', async () => {
    const labels = `plugin="${idOf('low')}",outcome="nobody"`;
    const before = await metric('hal9_signals_emitted_total', labels);
    expect(told(await plugin('low').signal('L3', 'n2hvoid'))).toBe('1');
    await expect.poll(() => metric('hal9_signals_emitted_total', labels)).toBe(before + 1);
  });

  test('is one of a bounded number', async () => {
    const max = MESSAGE_LIMITS.maxSignalsPerCall;
    expect(told(await plugin('middle').signal('L4', 'Xn5hmany', 'many'))).toMatch(
      new RegExp(`^RESOURCE_EXHAUSTED: the call has sent ${max} signals`),
    );
  });
});

describe('a call of another plugin', () => {
  test('answers as that plugin does', async () => {
    expect(told(await plugin('low').call(op('helper', 'b')))).toBe('1');
    expect(told(await plugin('low').call(op('helper', 'e')))).toBe('INVALID_INPUT: no');
    expect(told(await plugin('low').call(op('helper', 't')))).toMatch(/^INTERNAL_ERROR: plugin helper: .*unreachable/);
    expect(told(await plugin('low').signal('L3', op('helper', 'b')))).toBe('1');
  });

  test('carries one trace', async () => {
    await plugin('low').call(op('helper', 'hcalled'), { requestId: 'called' });
    await expect.poll(() => heard('called')).toEqual(['helper: hcalled']);
  });

  test('needs the permission for that plugin, and a plugin that is there', async () => {
    expect(told(await plugin('high').call(op('helper', 'b')))).toMatch(/^PERMISSION_DENIED: .*PluginCall/);
    expect(told(await plugin('low').call(op('missing', 'b')))).toMatch(/^INVALID_INPUT: plugin-id: no plugin/);
  });

  test('gives what both are permitted', async () => {
    expect(told(await plugin('helper').call('m'))).toBe('1');
    expect(told(await plugin('middle').call(op('helper', 'm')))).toBe('1');
    expect(told(await plugin('low').call(op('helper', 'm')))).toMatch(/^PERMISSION_DENIED: .*Hal9Memory/);
    // low may not call keeper, though helper may.
    expect(told(await plugin('helper').call(op('keeper', 'm')))).toBe('1');
    expect(told(await plugin('low').call(op('helper', op('keeper', 'm'))))).toMatch(/^PERMISSION_DENIED: .*PluginCall/);
    expect(told(await plugin('middle').call(op('helper', op('keeper', 'm'))))).toBe('1');
  });

  test('stops the clock of a plugin that works for one without time', async () => {
    expect(told(await plugin('helper').call('w'))).toBe('1');
    expect(told(await plugin('middle').call(op('helper', 'w')))).toBe('1');
    expect(told(await plugin('low').call(op('helper', 'w')))).toBe('0');
    expect(told(await plugin('helper').call('w'))).toBe('1');
  });

  test('uses the fuel of the call that waits for it, to the last unit', async () => {
    const alone = Number((await plugin('helper').call('b')).cost?.fuel);
    const labels = `plugin="${idOf('helper')}"`;
    const before = await metric('hal9_fuel_total', labels);
    const { cost } = await plugin('low').call(op('helper', 'b'));
    expect(Number(cost?.calledFuel)).toBe(alone);
    expect(await metric('hal9_fuel_total', labels)).toBe(before + alone);
    const all = Number(cost?.fuel);
    expect(all).toBeGreaterThan(alone);
    expect((await plugin('low').call(op('helper', 'b'), { fuel: all })).outcome).toBe('OK');
    expect(await plugin('low').call(op('helper', 'b'), { fuel: all - 1 })).toMatchObject({
      outcome: 'LIMIT',
      limit: 'FUEL',
    });
    // With less than the other plugin needs, it is that one that runs out, and its caller is told.
    const short = await plugin('low').call(op('helper', 'b'), { fuel: alone });
    expect(short.outcome).toMatch(/^(LIMIT|PLUGIN_ERROR)$/);
    expect(Number(short.cost?.calledFuel)).toBeGreaterThan(0);
  });

  test('ends with the call that waits for it', async () => {
    // Whichever comes first: the deadline, or that the client hangs up.
    const killsFor = (reason: string) => metric('hal9_kills_total', `plugin="${idOf('helper')}",reason="${reason}"`);
    const kills = async () => (await killsFor('deadline')) + (await killsFor('cancelled'));
    // The instance before was ended for its fuel; one that is not there yet would not be ended but never asked.
    expect(told(await plugin('low').call(op('helper', 'b')))).toBe('1');
    const before = await kills();
    await expect(plugin('low').call(op('helper', 's'), { timeoutMs: 2_000 })).rejects.toThrow(/deadline/i);
    await expect.poll(() => kills()).toBe(before + 1);
    expect(told(await plugin('low').call(op('helper', 'b')))).toBe('1');
  });

  test('is refused where it would come back to one that waits', async () => {
    const refused = await plugin('low').call(op('helper', op('low', 'b')));
    expect(told(refused)).toMatch(/^INVALID_INPUT: the plugin waits for this call itself: low -> helper -> low$/);
    expect(JSON.parse(refused.error?.details ?? '')).toEqual({ cycle: ['low', 'helper', 'low'] });
    expect(told(await plugin('low').call(op('low', 'b')))).toMatch(/^INVALID_INPUT: .*low -> low$/);
  });

  test('says what is wrong with its parameters', async () => {
    expect(told(await plugin('low').call(`c${'x'.repeat(36)}b`))).toMatch(/^INVALID_INPUT: plugin-id: expected a UUID/);
  });
});
