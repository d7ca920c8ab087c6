import { setTimeout } from 'node:timers/promises';
import { HOST_RATES, type HostRate, type RateName } from '../../src/limits/host-rates.js';
import { type Flood, Flooder } from '../harness/flooder.js';
import { LocalWeb } from '../harness/local-web.js';
import type { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';
import type { Attack } from './guest-attacks.js';

/** Threads that flood at a time; there may be no more. */
const IN_FLIGHT = 4;
const FLOOD_MS = 1_500;
/** Calls of the bystander's tool that must be answered meanwhile. */
const BYSTANDER_CALLS = 20;
const WORDS = '"a value of some words"';
/** Without their rates these go far beyond them, also on a slow machine. */
const FAR_BEYOND: readonly string[] = ['refused', 'refused-url', 'http', 'signals'];

interface FloodAttack extends Flood {
  id: string;
  asks: readonly unknown[];
  granted?: boolean;
  /** What keeps it within bounds; nothing where the worker does it alone. */
  rate?: RateName;
}

function attacks(webPort: number): FloodAttack[] {
  const memory = ['Hal9Memory'];
  const files = [{ FileWrite: '/scratch' }, { FileCreate: '/scratch' }];
  const web = [{ NetworkHttp: { hosts: ['127.0.0.1'], ports: [webPort] } }];
  const key = `http://127.0.0.1:${webPort}/`;
  const clock = ['SystemTime', 'SystemRandom'];
  return [
    { id: 'refused', what: 'get', times: 200, asks: memory, granted: false, rate: 'refused calls' },
    { id: 'refused-url', what: 'fetch', times: 200, key: 'ftp://127.0.0.1/', asks: web, rate: 'refused calls' },
    { id: 'memory-get', what: 'get', times: 400, asks: memory, rate: 'memory operations' },
    { id: 'memory-set', what: 'set', times: 400, text: WORDS, asks: memory, rate: 'memory operations' },
    { id: 'memory-search', what: 'search', times: 400, key: 'words', asks: memory, rate: 'memory operations' },
    { id: 'memory-with-clock', what: 'get', times: 4_000, asks: [...memory, ...clock], rate: 'host calls' },
    { id: 'files', what: 'write', times: 100, key: 'flood', text: WORDS, asks: files, rate: 'file operations' },
    { id: 'http', what: 'fetch', times: 40, key, asks: web, rate: 'http requests' },
    { id: 'signals', what: 'emit', times: 400, text: WORDS, asks: ['Hal9Signal'], rate: 'signals' },
    {
      id: 'plugin-calls',
      what: 'call-tool',
      times: 200,
      key: idOf('bystander'),
      tool: 'repeat',
      text: '{"text":"flood"}',
      asks: [{ PluginCall: idOf('bystander') }],
      rate: 'plugin calls',
    },
    { id: 'log', what: 'log', times: 20_000, text: WORDS, asks: [] },
    { id: 'metrics', what: 'observe', times: 20_000, asks: [] },
    { id: 'clock-and-random', what: 'time and random', times: 50_000, asks: clock },
  ];
}

/** Everything that one plugin has asked the main thread for, without what was given up while it waited. */
async function countOf(server: ServerProcess, id: string): Promise<number> {
  const samples = (await server.metrics()).matchAll(/^hal9_host_calls_total\{([^}]*)\} (\d+)$/gm);
  const ofPlugin = [...samples].filter(([, labels = '']) => labels.includes(id) && !labels.includes('"cancelled"'));
  return ofPlugin.reduce((sum, [, , count]) => sum + Number(count), 0);
}

/** How many there may have been in such a time, and those that were under way. */
function mostOf(name: RateName, ms: number): number {
  const { perSecond, burst = perSecond }: HostRate = HOST_RATES[name];
  return Math.ceil(burst + (perSecond * ms) / 1_000) + IN_FLIGHT;
}

/** @returns what went wrong */
async function flood(server: ServerProcess, flooder: Flooder, attack: FloodAttack): Promise<string | undefined> {
  const client = server.connect();
  const [before, from] = [await countOf(server, flooder.id), performance.now()];
  let running = true;
  // A call that waits for too long is ended by its deadline, which is as good.
  const one = async (): Promise<void> => {
    while (running) await flooder.call(attack).catch(() => undefined);
  };
  const flooding = Promise.all(Array.from({ length: IN_FLIGHT }, one));
  const untilMs = from + FLOOD_MS;
  try {
    for (let i = 0; i < BYSTANDER_CALLS; i++) {
      const parameters = JSON.stringify({ text: `beside ${i}` });
      const { result } = await client.invokeTool({ tool: 'repeat', parameters });
      if (result?.value !== parameters) return `the bystander got ${result?.outcome} ${result?.value}`;
    }
    await setTimeout(Math.max(0, untilMs - performance.now()));
  } finally {
    running = false;
    await flooding;
    client.close();
  }
  if (attack.rate === undefined) return undefined;
  const asked = (await countOf(server, flooder.id)) - before;
  const most = mostOf(attack.rate, performance.now() - from);
  if (asked === 0) return 'nothing was asked: this was no flood';
  return asked <= most ? undefined : `${asked} host calls were counted, expected at most ${most}`;
}

async function run(server: ServerProcess, id: string): Promise<string | undefined> {
  const web = await LocalWeb.start((_, response) => void response.end('here'));
  const client = server.connect();
  let flooder: Flooder | undefined;
  try {
    const attack = attacks(web.port).find((each) => each.id === id);
    if (attack === undefined) return `there is no flood ${id}`;
    const { asks, granted = true } = attack;
    flooder = await Flooder.install(client, { name: `flood-${id}`, asks, granted });
    return await flood(server, flooder, attack);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await flooder?.remove();
    client.close();
    web.stop();
  }
}

export const floodAttacks: readonly Attack[] = attacks(0).map(({ id, rate }) => ({
  id: `flood/${id}`,
  defence: rate === undefined ? undefined : 'host-call-rate',
  byChance: !FAR_BEYOND.includes(id),
  run: (server) => run(server, id),
}));
