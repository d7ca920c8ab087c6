import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { type Flood, Flooder } from '../test/harness/flooder.js';
import { ServerProcess } from '../test/harness/server-process.js';
import { cpuTime } from './cpu.js';
import { Load } from './load/load.js';
import { type Bench, type BenchOptions, type Measure, measureOf } from './measure.js';
import { callOnce, packEcho, putIntoService } from './plugins.js';
import { SIGNAL_BYTES, unaryRequest } from './requests.js';
import { sumOf } from './server-times.js';

/** Calls a second of the plugin that keeps quiet. */
const PER_SECOND = 400;
/** What a rest has saved up is asked for within this time of a flood's start; what it is held to comes after. */
const SETTLE_MS = 300;
/** Of the bursts that are asked for: there are many floods, and each turn has two bursts. */
const TURNS = 0.4;
const GOAL = { atMost: 1.5 };

interface Neighbour {
  name: string;
  flood: Flood;
  asks: readonly unknown[];
  granted?: boolean;
  /** Its calls under way at a time, each in a thread of its own. */
  inFlight?: number;
  goal?: Measure['goal'];
}

const WORDS = '"the search finally works, and support answered within the hour"';

function neighbours(webPort: number): readonly Neighbour[] {
  const memory = ['Hal9Memory'];
  const web = [{ NetworkHttp: { hosts: ['127.0.0.1'], ports: [webPort] } }];
  const url = `http://127.0.0.1:${webPort}/`;
  const floods: Neighbour[] = [
    { name: 'refused host calls', flood: { what: 'get', times: 1_000 }, asks: memory, granted: false },
    { name: 'memory writes', flood: { what: 'set', times: 400, text: WORDS }, asks: memory },
    { name: 'memory searches', flood: { what: 'search', times: 400, key: 'support' }, asks: memory },
    { name: 'HTTP requests', flood: { what: 'fetch', times: 10, key: url }, asks: web },
    { name: 'log lines', flood: { what: 'log', times: 20_000, text: WORDS }, asks: [] },
    {
      name: 'clock and random',
      flood: { what: 'time and random', times: 100_000 },
      asks: ['SystemTime', 'SystemRandom'],
    },
  ];
  return [
    ...floods.map((each) => ({ ...each, goal: GOAL })),
    { name: 'computing', flood: { what: 'compute', times: 3_000_000 }, asks: [] },
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

  async burst(): Promise<Burst> {
    const order = { address: this.#server.grpc, kind: 'unary', inFlight: 1, perSecond: PER_SECOND } as const;
    const [calls, cpu] = [await this.#hostCalls(), cpuTime(this.#server.pid)];
    const sent = { ...order, count: this.#count, message: unaryRequest(), minAnswerBytes: SIGNAL_BYTES };
    const { ms, timesUs = [] } = await this.#load.burst(sent);
    const mainShare = (cpuTime(this.#server.pid).mainUs - cpu.mainUs) / (ms * 1_000);
    return { timesUs, hostCalls: (((await this.#hostCalls()) - calls) * 1_000) / ms, mainShare };
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

/** Alone and beside the flood by turns, so that what else the machine does weighs on both. */
async function beside(quiet: Quiet, flooder: Flooder, { name, flood, inFlight, goal }: Neighbour, turns: number) {
  const [alone, flooded]: Burst[][] = [[], []];
  for (let turn = 0; turn < turns; turn++) {
    alone?.push(await quiet.burst());
    const running = flooder.start(flood, inFlight);
    await setTimeout(SETTLE_MS);
    try {
      flooded?.push(await quiet.burst());
    } finally {
      await running.end();
    }
  }
  return { name, goal, alone: alone ?? [], flooded: flooded ?? [] };
}

const all = (bursts: readonly Burst[]): number[] => bursts.flatMap(({ timesUs }) => timesUs);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function measureBeside({ name, goal, alone, flooded }: Awaited<ReturnType<typeof beside>>): Measure {
  const [p99, p99Alone] = [percentile(all(flooded), 0.99), percentile(all(alone), 0.99)];
  const [p50, p50Alone] = [percentile(all(flooded), 0.5), percentile(all(alone), 0.5)];
  const ratios = flooded.map((burst, i) => percentile(burst.timesUs, 0.99) / percentile(alone[i]?.timesUs ?? [], 0.99));
  const share = `main thread ${(100 * mean(flooded.map(({ mainShare }) => mainShare))).toFixed(0)} % busy, alone ${(100 * mean(alone.map(({ mainShare }) => mainShare))).toFixed(0)} %`;
  const note = [
    `p99 ${p99.toFixed(0)} us, alone ${p99Alone.toFixed(0)} us; median ${p50.toFixed(0)} us, alone ${p50Alone.toFixed(0)} us`,
    `${Math.round(mean(flooded.map(({ hostCalls }) => hostCalls))).toLocaleString('en')} host calls counted a second`,
    share,
  ].join('; ');
  const more = { note, ...(goal === undefined ? {} : { goal }) };
  return measureOf(`p99 beside ${name}, of alone`, 'x', ratios, more);
}

async function measureAll(
  server: ServerProcess,
  load: Load,
  webPort: number,
  options: BenchOptions,
): Promise<Measure[]> {
  const client = server.connect();
  const count = Math.max(20, Math.round((PER_SECOND * options.burstMs) / 1_000));
  const turns = Math.max(3, Math.round(options.bursts * TURNS));
  const id = await putIntoService(client, await packEcho());
  await callOnce(client, id, 'L2');
  const quiet = new Quiet(server, load, count);
  // The code that answers is compiled.
  for (let i = 0; i < 5; i++) await quiet.burst();
  const measures: Measure[] = [];
  for (const neighbour of neighbours(webPort)) {
    const { flood, asks, granted = true } = neighbour;
    const flooder = await Flooder.install(client, { name: `flood-${flood.what.replaceAll(' ', '-')}`, asks, granted });
    // The thread is there, and what it loads at first.
    await flooder.call({ ...flood, times: 1 });
    measures.push(measureBeside(await beside(quiet, flooder, neighbour, turns)));
    await flooder.remove();
  }
  client.close();
  return measures;
}

export const neighbour: Bench = {
  name: 'neighbour',
  about: 'p99 of a quiet plugin’s calls while another plugin floods the host, against its p99 alone',
  async run(options) {
    const web = createServer((_, response) => void response.end('here'));
    await once(web.listen(0, '127.0.0.1'), 'listening');
    const load = await Load.start();
    const server = await ServerProcess.start({ flags: ['--log-level', 'error'] });
    try {
      return await measureAll(server, load, (web.address() as AddressInfo).port, options);
    } finally {
      await server.stop();
      await load.stop();
      web.closeAllConnections();
      web.close();
    }
  },
};
