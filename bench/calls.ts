import { ServerProcess } from '../test/harness/server-process.js';
import type { BurstOrder } from './load/burst.js';
import { Load } from './load/load.js';
import { type Bench, type BenchOptions, type Measure, measureOf } from './measure.js';
import { describeSide, runPaired, type Side } from './paired.js';
import { BareServer } from './peer/bare.js';
import { callOnce, packEcho, packSentiment, putIntoService } from './plugins.js';
import { SIGNAL_BYTES, streamRequest, unaryRequest } from './requests.js';
import { GuestTimes } from './server-times.js';

const IN_FLIGHT = 64;
const BATCH_SIGNALS = 64;
/** Eight batches under way: 512 signals. */
const BATCHES_IN_FLIGHT = 8;

interface Case {
  name: string;
  kind: BurstOrder['kind'];
  inFlight: number;
  signals: number;
  goal?: Measure['goal'];
}

const CASES: readonly Case[] = [
  { name: 'unary, 64 in flight', kind: 'unary', inFlight: IN_FLIGHT, signals: 1, goal: { atLeast: 0.9 } },
  { name: 'unary, 1 in flight', kind: 'unary', inFlight: 1, signals: 1, goal: { atLeast: 0.65 } },
  { name: 'stream, 64 in flight', kind: 'stream', inFlight: IN_FLIGHT, signals: 1, goal: { atLeast: 0.6 } },
];

function sideOf(
  server: { name: string; pid: number; grpc: string },
  { kind, inFlight, signals }: Case,
  pluginId = '',
): Side {
  const message = kind === 'unary' ? unaryRequest(pluginId) : streamRequest(signals, pluginId);
  const order = { address: server.grpc, kind, inFlight, message, minAnswerBytes: SIGNAL_BYTES * signals };
  return { name: server.name, pid: server.pid, order, signals };
}

/** Both servers, the load, and what is to be closed again. */
async function withServers<T>(
  work: (parts: { hal9: ServerProcess; bare: BareServer; load: Load }) => Promise<T>,
): Promise<T> {
  const load = await Load.start();
  const bare = await BareServer.start();
  const hal9 = await ServerProcess.start({ flags: ['--log-level', 'warn'] });
  try {
    return await work({ hal9, bare, load });
  } finally {
    await hal9.stop();
    await bare.stop();
    await load.stop();
  }
}

async function compare(
  parts: { hal9: ServerProcess; bare: BareServer; load: Load },
  what: Case,
  options: BenchOptions,
): Promise<Measure> {
  const { hal9, bare, load } = parts;
  const guest = new GuestTimes(hal9);
  await guest.start();
  const sides = [
    sideOf({ name: 'hal9', pid: hal9.pid, grpc: hal9.grpc }, what),
    sideOf({ name: 'bare', pid: bare.pid, grpc: bare.grpc }, what),
  ];
  const { results, ratios } = await runPaired(load, sides, options);
  const tool = what.kind === 'unary' ? load.unaryTool : 'node';
  const note = [...results.map(describeSide), await guest.describe(), `load from ${tool}`].join('; ');
  return measureOf(`${what.name}, of bare grpc-js`, 'x', ratios[0] ?? [], {
    note,
    ...(what.goal === undefined ? {} : { goal: what.goal }),
  });
}

/** Batches over one stream, against bare calls: what batching is worth to somebody who calls a plain gRPC server today. */
async function compareBatched(
  parts: { hal9: ServerProcess; bare: BareServer; load: Load },
  options: BenchOptions,
): Promise<Measure[]> {
  const { hal9, bare, load } = parts;
  const batched: Case = { name: 'batched', kind: 'stream', inFlight: BATCHES_IN_FLIGHT, signals: BATCH_SIGNALS };
  const unary: Case = { name: 'unary', kind: 'unary', inFlight: IN_FLIGHT, signals: 1 };
  const guest = new GuestTimes(hal9);
  await guest.start();
  const sides = [
    sideOf({ name: 'hal9 batched', pid: hal9.pid, grpc: hal9.grpc }, batched),
    sideOf({ name: 'bare unary', pid: bare.pid, grpc: bare.grpc }, unary),
    sideOf({ name: 'bare batched', pid: bare.pid, grpc: bare.grpc }, batched),
  ];
  const { results, ratios } = await runPaired(load, sides, options);
  const note = [...results.map(describeSide), await guest.describe()].join('; ');
  return [
    measureOf('stream, 64 signals a message, of bare unary', 'x', ratios[0] ?? [], { goal: { atLeast: 5.5 }, note }),
    measureOf('stream, 64 signals a message, of bare batched', 'x', ratios[1] ?? []),
  ];
}

export const calls: Bench = {
  name: 'calls',
  about: 'ProcessSignal and StreamSignals of 1 KB on an echo neuron, against a bare grpc-js echo',
  run: (options) =>
    withServers(async (parts) => {
      const client = parts.hal9.connect();
      const id = await putIntoService(client, await packEcho());
      await callOnce(client, id, 'L2');
      client.close();
      const measures: Measure[] = [];
      for (const what of CASES) measures.push(await compare(parts, what, options));
      return [...measures, ...(await compareBatched(parts, options))];
    }),
};

export const sentiment: Bench = {
  name: 'sentiment',
  about: 'the same calls on the sentiment analyzer, which does some work',
  run: (options) =>
    withServers(async (parts) => {
      const bytes = await packSentiment();
      if (bytes === undefined) throw new Error('examples/sentiment-analyzer is not there');
      const client = parts.hal9.connect();
      const id = await putIntoService(client, bytes);
      await callOnce(client, id, 'L2');
      client.close();
      // Its answer is shorter than the text that it is asked about; that it is one was seen above.
      const [at64, at1] = CASES.slice(0, 2);
      const measures: Measure[] = [];
      for (const { goal: _, ...what } of [at64, at1] as Case[]) measures.push(await compare(parts, what, options));
      return measures;
    }),
};
