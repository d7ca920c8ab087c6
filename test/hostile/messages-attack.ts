import type { Client } from '../../src/client/client.js';
import { MESSAGE_LIMITS } from '../../src/limits/messages.js';
import type { Defence } from '../../src/protocol/defences.js';
import { Messenger, told } from '../harness/messenger.js';
import type { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';
import type { Attack } from './guest-attacks.js';

interface Part {
  name: string;
  layers?: readonly string[];
  grants: readonly unknown[];
}

/** The plugins of an attack by their names, and the server that they are in. */
interface Scene {
  of(name: string): Messenger;
  server: ServerProcess;
}

const call = (name: string, op: string): string => `c${idOf(name)}${op}`;
const mayCall = (name: string): unknown => ({ PluginCall: idOf(name) });

/** Installs some plugins, lets one of them attack, and removes them. */
function attack(
  id: string,
  cast: readonly Part[],
  run: (scene: Scene) => Promise<string | undefined>,
  defence?: Defence,
): Attack {
  const play = async (server: ServerProcess): Promise<string | undefined> => {
    const client = server.connect(30_000);
    try {
      const plugins = new Map(await installAll(client, cast));
      const of = (name: string): Messenger => plugins.get(name) as Messenger;
      return await run({ of, server });
    } finally {
      for (const { name } of cast) {
        await client.deactivatePlugin(name).catch(() => undefined);
        await client.uninstallPlugin(name).catch(() => undefined);
      }
      client.close();
    }
  };
  return { id: `messages/${id}`, defence, run: play };
}

async function installAll(client: Client, cast: readonly Part[]): Promise<[string, Messenger][]> {
  const requirements = { stateful: false, max_memory_mb: 4 };
  const installed: [string, Messenger][] = [];
  for (const part of cast) installed.push([part.name, await Messenger.install(client, { ...part, requirements })]);
  return installed;
}

/** Undefined where it is as it must be. */
const expecting = (pattern: RegExp, found: string): string | undefined =>
  pattern.test(found) ? undefined : `it was answered: ${found.slice(0, 100)}`;

/** Calls of a plugin that are counted, once nothing more is added to them. */
async function settledCalls(server: ServerProcess, name: string): Promise<number> {
  const labels = `hal9_calls_total{plugin="${idOf(name)}",kind="signal",outcome="ok"}`;
  const count = async (): Promise<number> => {
    const line = (await server.metrics()).split('\n').find((each) => each.startsWith(labels));
    return Number(line?.split(' ')[1] ?? 0);
  };
  let before = -1;
  let now = await count();
  while (now !== before) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    [before, now] = [now, await count()];
  }
  return now;
}

/** Sends to the other layer as often as its letters say, and so does the one that gets it. */
const PING_PONG = Array.from({ length: 40 }, (_, i) => `n${i % 2 === 0 ? 3 : 2}`).join('');

export const messagesAttacks: readonly Attack[] = [
  attack(
    'confused-deputy',
    [
      { name: 'deputy', grants: ['Hal9Memory'] },
      { name: 'schemer', grants: [mayCall('deputy')] },
    ],
    async ({ of }) => expecting(/^PERMISSION_DENIED/, told(await of('schemer').call(call('deputy', 'm')))),
    'deputy',
  ),
  attack(
    'deputy-of-a-deputy',
    [
      { name: 'vault', grants: ['Hal9Memory'] },
      { name: 'middleman', grants: ['Hal9Memory', mayCall('vault')] },
      { name: 'schemer', grants: [mayCall('middleman')] },
    ],
    async ({ of }) =>
      expecting(/^PERMISSION_DENIED/, told(await of('schemer').call(call('middleman', call('vault', 'm'))))),
    'deputy',
  ),
  attack(
    'clock-of-a-deputy',
    [
      { name: 'watch', grants: ['SystemTime'] },
      { name: 'schemer', grants: [mayCall('watch')] },
    ],
    async ({ of }) => expecting(/^0$/, told(await of('schemer').call(call('watch', 'w')))),
  ),
  attack(
    'endless-loop-of-signals',
    [
      { name: 'ping', layers: ['L2'], grants: ['Hal9Signal'] },
      { name: 'pong', layers: ['L3'], grants: ['Hal9Signal'] },
    ],
    async ({ of, server }) => {
      await of('ping').signal('L2', `${PING_PONG}h`);
      const calls = (await settledCalls(server, 'ping')) + (await settledCalls(server, 'pong'));
      return calls <= 2 ? undefined : `one signal led to ${calls} calls`;
    },
    'loops',
  ),
  attack(
    'storm-of-signals',
    [
      { name: 'storm', layers: ['L2'], grants: ['Hal9Signal', 'SystemTime'] },
      { name: 'relay', layers: ['L3'], grants: ['Hal9Signal', 'SystemTime'] },
      { name: 'shore', layers: ['L4'], grants: [] },
    ],
    async ({ of, server }) => {
      // As many as it may send, each of which is sent on as often.
      for (let i = 0; i < 3; i++) await of('storm').signal('L2', 'ZZn3ZZn4h');
      const calls = (await settledCalls(server, 'relay')) + (await settledCalls(server, 'shore'));
      const max = 3 * MESSAGE_LIMITS.maxDeliveries;
      return calls <= max && calls > MESSAGE_LIMITS.maxSignalsPerCall ? undefined : `3 signals led to ${calls} calls`;
    },
  ),
  attack(
    'cycle-of-calls',
    [
      { name: 'first', grants: [mayCall('first'), mayCall('second')] },
      { name: 'second', grants: [mayCall('first')] },
    ],
    async ({ of }) =>
      expecting(/waits for this call itself/, told(await of('first').call(call('second', call('first', 'b'))))),
  ),
  attack(
    'fuel-of-another',
    [
      { name: 'worker', grants: [] },
      { name: 'miser', grants: [mayCall('worker')] },
    ],
    async ({ of }) => {
      const { cost } = await of('worker').call('b');
      const budget = Math.floor(Number(cost?.fuel) * 1.5);
      const { outcome } = await of('miser').call(`X${call('worker', 'b')}`, { fuel: budget });
      return outcome === 'OK' ? '70 calls were had for the fuel of one' : undefined;
    },
  ),
];
