import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Client } from '../src/client/client.js';
import { type Flood, Flooder } from '../test/harness/flooder.js';
import { LocalWeb } from '../test/harness/local-web.js';
import { ServerProcess } from '../test/harness/server-process.js';
import { idOf } from '../test/harness/wat-plugin.js';
import { cpuTime } from './cpu.js';
import type { BurstResult } from './load/burst.js';
import { Load } from './load/load.js';
import { type Bench, type BenchOptions, type Measure, measureOf, median } from './measure.js';
import { callOnce, packEcho, packStateless, putIntoService } from './plugins.js';
import { SIGNAL_BYTES, unaryRequest } from './requests.js';
import { sumOf } from './server-times.js';

/** Calls a second of the plugin that keeps quiet. */
const PER_SECOND = 400;
/** What a rest has saved up is asked for within this time of a flood's start; what it is held to comes after. */
const SETTLE_MS = 300;
/** Of the bursts that are asked for: there are many floods. */
const TURNS = 0.4;
/** Until the code that answers is compiled: a process that is young has many late calls of its own. */
const WARM_UP = { count: 6_000, perSecond: 2_000 };
const GOAL = { atMost: 1.5 };

/** Each call of a flood lasts for some tenths of a second, so that whoever makes it stays out of the way. */
interface Neighbour {
  name: string;
  flood: Flood;
  /** Calls under way at a time: as many threads of its own. */
  inFlight?: number;
  asks: readonly unknown[];
  granted?: boolean;
  goal?: Measure['goal'];
}

interface Ready extends Neighbour {
  flooder: Flooder;
}

const COMPUTING: Flood = { what: 'compute', times: 100_000_000 };
const WORDS = '"the search finally works, and support answered within the hour"';

/** Gets what is sent, beside the one that is measured. */
const SINK = 'sink';

function neighbours(webPort: number): readonly Neighbour[] {
  const memory = ['Hal9Memory'];
  const files = [{ FileWrite: '/scratch' }, { FileCreate: '/scratch' }];
  const web = [{ NetworkHttp: { hosts: ['127.0.0.1'], ports: [webPort] } }];
  const url = `http://127.0.0.1:${webPort}/`;
  const floods: Neighbour[] = [
    { name: 'refused host calls', flood: { what: 'get', times: 1_000 }, asks: memory, granted: false },
    { name: 'memory writes', flood: { what: 'set', times: 400, text: WORDS }, asks: memory },
    { name: 'memory searches', flood: { what: 'search', times: 400, key: 'support' }, asks: memory },
    { name: 'file writes', flood: { what: 'write', times: 200, key: 'flood', text: WORDS }, asks: files },
    { name: 'HTTP requests', flood: { what: 'fetch', times: 10, key: url }, asks: web },
    { name: 'signals', flood: { what: 'emit', times: 60, text: WORDS }, asks: ['Hal9Signal'] },
    {
      name: 'calls of another plugin',
      flood: { what: 'call-tool', times: 200, key: idOf(SINK), tool: SINK, text: '{"text":"flood"}' },
      asks: [{ PluginCall: idOf(SINK) }],
    },
    { name: 'log lines', flood: { what: 'log', times: 2_000_000, text: WORDS }, asks: [] },
    {
      name: 'clock and random',
      flood: { what: 'time and random', times: 3_000_000 },
      asks: ['SystemTime', 'SystemRandom'],
    },
  ];
  return [
    ...floods.map((each) => ({ ...each, goal: GOAL })),
    // Asks for nothing: what remains where another thread takes a processor.
    { name: 'computing', flood: COMPUTING, asks: [] },
    { name: 'computing on all processors', flood: COMPUTING, asks: [], inFlight: availableParallelism() + 1 },
  ];
}

/** Times of the quiet plugin's calls, in microseconds, and what the server did in the meantime. */
interface Burst {
  timesUs: number[];
  hostCalls: number;
  mainShare: number;
}

class Quiet {
  readonly #server: ServerProcess;
  readonly #load: Load;
  readonly #count: number;

  constructor(server: ServerProcess, load: Load, count: number) {
    this.#server = server;
    this.#load = load;
    this.#count = count;
  }

  async warmUp(): Promise<void> {
    await this.#send(WARM_UP);
  }

  async burst(): Promise<Burst> {
    const [calls, cpu] = [await this.#hostCalls(), cpuTime(this.#server.pid)];
    const { ms, timesUs = [] } = await this.#send({ count: this.#count, perSecond: PER_SECOND });
    const mainShare = (cpuTime(this.#server.pid).mainUs - cpu.mainUs) / (ms * 1_000);
    return { timesUs, hostCalls: (((await this.#hostCalls()) - calls) * 1_000) / ms, mainShare };
  }

  #send(pace: { count: number; perSecond: number }): Promise<BurstResult> {
    const order = { address: this.#server.grpc, kind: 'unary', inFlight: 1, ...pace } as const;
    return this.#load.burst({ ...order, message: unaryRequest(), minAnswerBytes: SIGNAL_BYTES });
  }

  async #hostCalls(): Promise<number> {
    return sumOf(await this.#server.metrics(), 'hal9_host_calls_total');
  }
}

/** The value below which such a share of all values is. */
function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

const p99Of = ({ timesUs }: Burst): number => percentile(timesUs, 0.99);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Beside one flood, from its start to its end. */
async function beside(quiet: Quiet, { flooder, flood, inFlight }: Ready): Promise<Burst> {
  const running = flooder.start(flood, inFlight);
  try {
    await setTimeout(SETTLE_MS);
    return await quiet.burst();
  } finally {
    await running.end();
  }
}

/** By turns: a burst alone, and one beside each flood, so that what else the machine does weighs on all of them. */
async function takeTurns(quiet: Quiet, all: readonly Ready[], turns: number): Promise<Measure[]> {
  const alone: Burst[] = [];
  const flooded = all.map((): Burst[] => []);
  for (let turn = 0; turn < turns; turn++) {
    alone.push(await quiet.burst());
    for (let i = 0; i < all.length; i++) {
      // Nobody is always the first after the burst alone.
      const index = (i + turn) % all.length;
      flooded[index]?.push(await beside(quiet, all[index] as Ready));
    }
  }
  return all.map((each, i) => measureBeside(each, alone, flooded[i] ?? []));
}

function measureBeside({ name, goal }: Ready, alone: readonly Burst[], flooded: readonly Burst[]): Measure {
  const ratios = flooded.map((burst, turn) => p99Of(burst) / p99Of(alone[turn] as Burst));
  const us = (bursts: readonly Burst[], of: (burst: Burst) => number): string => median(bursts.map(of)).toFixed(0);
  const half = ({ timesUs }: Burst): number => median(timesUs);
  const busy = (bursts: readonly Burst[]): string => (100 * mean(bursts.map(({ mainShare }) => mainShare))).toFixed(0);
  const hostCalls = Math.round(mean(flooded.map((burst) => burst.hostCalls))).toLocaleString('en');
  const note = [
    `p99 ${us(flooded, p99Of)} us, alone ${us(alone, p99Of)} us`,
    `median ${us(flooded, half)} us, alone ${us(alone, half)} us`,
    `${hostCalls} host calls a second`,
    `main thread ${busy(flooded)} % busy, alone ${busy(alone)} %`,
  ].join('; ');
  // Of each burst, and then the middle: what else the machine does for a moment spoils one burst, not the result.
  const value = median(flooded.map(p99Of)) / median(alone.map(p99Of));
  return measureOf(`p99 beside ${name}, of alone`, 'x', ratios, {
    value,
    note,
    ...(goal === undefined ? {} : { goal }),
  });
}

/** Each in service, with a thread that has loaded it. */
async function getReady(client: Client, all: readonly Neighbour[]): Promise<Ready[]> {
  const ready: Ready[] = [];
  for (const [index, each] of all.entries()) {
    const { asks, granted = true, flood } = each;
    const flooder = await Flooder.install(client, { name: `flood-${index}`, asks, granted });
    await flooder.call({ ...flood, times: 1 });
    ready.push({ ...each, flooder });
  }
  return ready;
}

async function measureAll(
  server: ServerProcess,
  load: Load,
  webPort: number,
  { bursts, burstMs }: BenchOptions,
): Promise<Measure[]> {
  const client = server.connect();
  const id = await putIntoService(client, await packEcho());
  await callOnce(client, id, 'L2');
  await putIntoService(client, await packStateless(SINK));
  const quiet = new Quiet(server, load, Math.max(20, Math.round((PER_SECOND * burstMs) / 1_000)));
  const all = await getReady(client, neighbours(webPort));
  await quiet.warmUp();
  await takeTurns(quiet, all, 1);
  const measures = await takeTurns(quiet, all, Math.max(3, Math.round(bursts * TURNS)));
  client.close();
  return measures;
}

export const neighbour: Bench = {
  name: 'neighbour',
  about: 'p99 of a quiet plugin’s calls while another plugin floods the host, against its p99 alone',
  async run(options) {
    const web = await LocalWeb.start((_, response) => void response.end('here'));
    const load = await Load.start();
    const server = await ServerProcess.start({ flags: ['--log-level', 'error'] });
    try {
      return await measureAll(server, load, web.port, options);
    } finally {
      await server.stop();
      await load.stop();
      web.stop();
    }
  },
};
