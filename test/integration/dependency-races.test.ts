import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CallError } from '../../src/client/call-error.js';
import type { Client } from '../../src/client/client.js';
import { Random } from '../fuzz/random.js';
import { puppetNeeding } from '../harness/dependent-puppets.js';
import { ServerProcess } from '../harness/server-process.js';

const ROUNDS = 25;
const CHANGES_A_ROUND = 8;
/** What one change may find when others came before it. Anything else is a fault: a deadline would be a deadlock. */
const EXPECTED = new Set([
  'DEPENDENCY_MISSING',
  'DEPENDENCY_CONFLICT',
  'PLUGIN_IN_USE',
  'PLUGIN_ACTIVE',
  'PLUGIN_NOT_FOUND',
  // No more than two run at once.
  'installations',
]);

let server: ServerProcess;
let client: Client;

beforeEach(async () => {
  server = await ServerProcess.start();
  client = server.connect(30_000);
});
afterEach(async () => {
  client.close();
  await server.stop('SIGKILL');
});

async function packages(): Promise<ReadonlyMap<string, Uint8Array>> {
  return new Map([
    ['bottom', await puppetNeeding('bottom 1.0.0')],
    ['left', await puppetNeeding('left 1.0.0', 'bottom ^1.0.0')],
    ['right', await puppetNeeding('right 1.0.0', 'bottom ^1.0.0')],
    ['top', await puppetNeeding('top 1.0.0', 'left *', 'right *')],
    ['bottom 1.1.0', await puppetNeeding('bottom 1.1.0')],
    ['bottom 2.0.0', await puppetNeeding('bottom 2.0.0')],
  ]);
}

describe('changes of a diamond of plugins, at the same time', () => {
  test(`end, all of them, and leave nobody in service without what it needs, ${ROUNDS} times`, async () => {
    const built = await packages();
    const names = ['bottom', 'left', 'right', 'top'];
    for (const name of names) await client.installPlugin(built.get(name) as Uint8Array);
    const random = new Random(20_261_122);
    const changes: readonly ((name: string) => Promise<unknown>)[] = [
      (name) => client.activatePlugin(name),
      (name) => client.activatePlugin(name),
      (name) => client.activatePlugin('top', name === 'top' ? '{"turned":1}' : ''),
      (name) => client.deactivatePlugin(name),
      (name) => client.deactivatePlugin(name, { force: true }),
      (name) => client.uninstallPlugin(name),
      (name) => client.uninstallPlugin(name, { force: true }),
      (name) => client.installPlugin(built.get(name) as Uint8Array),
      () => client.installPlugin(built.get('bottom 1.1.0') as Uint8Array),
      () => client.installPlugin(built.get('bottom 2.0.0') as Uint8Array),
    ];
    let done = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const under = Array.from({ length: CHANGES_A_ROUND }, () => random.pick(changes)(random.pick(names)));
      for (const each of await Promise.allSettled(under)) {
        if (each.status === 'fulfilled') done++;
        else expect(EXPECTED).toContain(nameOf(each.reason));
      }
      await expectWhole();
      for (const name of names) await client.installPlugin(built.get(name) as Uint8Array).catch(() => undefined);
    }
    expect(done).toBeGreaterThan(ROUNDS);
  });

  test('let one circle of upgrades through up to where it would close', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await client.installPlugin(await puppetNeeding(`${name} 1.0.0`));
    const upgrades = [
      await puppetNeeding('a 1.1.0', 'b *'),
      await puppetNeeding('b 1.1.0', 'c *'),
      await puppetNeeding('c 1.1.0', 'd *'),
      await puppetNeeding('d 1.1.0', 'a *'),
    ];
    const installing = upgrades.map(async (bytes) => {
      for (;;) {
        const reason = await reasonOf(client.installPlugin(bytes));
        if (reason !== 'installations') return reason;
      }
    });
    expect((await Promise.all(installing)).sort()).toEqual(['', '', '', 'DEPENDENCY_CYCLE']);
  });
});

function nameOf(error: unknown): string {
  if (!(error instanceof CallError)) return String(error);
  return error.message.includes('installations are under way') ? 'installations' : error.reason;
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  return call.then(() => '', nameOf);
}

/** Everything that is active has what it needs, active and of a version that fits. */
async function expectWhole(): Promise<void> {
  const { plugins } = await client.listPlugins();
  const activeIds = plugins.filter(({ state }) => state === 'ACTIVE').map(({ ref }) => ref?.id);
  for (const { ref, state, dependencies } of plugins) {
    if (state !== 'ACTIVE') continue;
    for (const { pluginId, installedVersion } of dependencies) {
      expect(activeIds, `${ref?.name} is active`).toContain(pluginId);
      expect(installedVersion, `${ref?.name} is active`).toMatch(/^1\./);
    }
  }
}
