/**
 * `npm run bench -- --only bindings`, or alone: `node dist/bench/bindings.js`.
 *
 * Our generated bindings against jco-transpile's on the same module (`examples/echo`, for wasm32-unknown-unknown), in one
 * process, burst by burst in turns. The guest's own work counts on both sides. Values are given and taken in each side's own
 * form: ours are UTF-8 bytes, as they lie in a request, jco's are JavaScript strings, whose decoding is not counted.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { HOST_RATES } from '../src/limits/host-rates.js';
import { GUEST_LIMITS, OBSERVE_LIMITS } from '../src/limits.js';
import type { GuestBounds } from '../src/protocol/bind.js';
import { instantiateTranspiled, type OracleSignal } from '../test/integration/abi-oracle/transpiled.js';
import { type Guest, instantiate, type Signal } from '../workers/abi/guest.js';
import { Reports } from '../workers/host/reports.js';
import { type Bench, type BenchOptions, describe, type Measure, measureOf, median } from './measure.js';

const MODULE = 'examples/echo/echo.unknown.wasm';
const MIN_BURSTS = 20;
const WARM_UP_CALLS = 20_000;

const bounds: GuestBounds = {
  memoryBytes: GUEST_LIMITS.defaultMemoryBytes,
  outputBytes: GUEST_LIMITS.maxOutputBytes,
  outputElements: GUEST_LIMITS.maxOutputElements,
  hostCallBytes: GUEST_LIMITS.maxHostCallBytes,
  randomBytes: GUEST_LIMITS.maxRandomBytes,
  logLineBytes: OBSERVE_LIMITS.maxLogLineBytes,
  logLines: HOST_RATES['log lines'],
  logBytes: HOST_RATES['log bytes'],
  metrics: { names: 1, series: 1, labels: 1, labelBytes: 1, observationsPerSecond: 1 },
};

/** A burst of calls on one side. */
type Calls = (count: number) => void;

interface Pair {
  name: string;
  ours: Calls;
  oracle: Calls;
  goal?: { atLeast: number };
}

export const bindings: Bench = {
  name: 'bindings',
  about: 'our generated bindings against jco-transpile, same module, in one process',
  run: async (options) => (await pairs()).flatMap((pair) => compare(pair, options)),
};

/** The measures of this bench with its own defaults. */
export function run(): Promise<Measure[]> {
  return bindings.run({ bursts: MIN_BURSTS, burstMs: 50, tries: 1 });
}

async function pairs(): Promise<Pair[]> {
  const core = readFileSync(MODULE);
  const guest = instantiateOurs(core);
  const oracle = await instantiateTranspiled(core, { 'hal9:plugin/logging': { log: () => undefined } });
  const tool = Buffer.from('echo');
  return [
    ...[64, 1_024, 16_384].map((size): Pair => {
      const signal = signalOf(size);
      const bytes = ourSignal(signal);
      return {
        name: `process, content of ${size} bytes`,
        ours: (count) => repeat(count, () => guest.neuron?.process(bytes)),
        oracle: (count) => repeat(count, () => oracle.neuron.process(signal)),
        ...(size === 1_024 ? { goal: { atLeast: 4 } } : {}),
      };
    }),
    {
      name: 'execute, parameters of 64 bytes',
      ours: (count) => repeat(count, () => guest.tools?.execute(tool, Buffer.from(toolParameters))),
      oracle: (count) => repeat(count, () => oracle.tools.execute('echo', toolParameters)),
    },
  ];
}

const toolParameters = JSON.stringify({ text: 'x'.repeat(53) });

function signalOf(size: number): OracleSignal {
  return {
    id: 'a3f1c9d2-5b7e-4f60',
    type: 'text',
    layer: 'l2',
    source: 'core',
    content: 'The quick brown fox. '.repeat(size).slice(0, size),
    metadata: [
      ['language', '"en"'],
      ['depth', '3'],
    ],
    timestamp: 1_764_000_000_000n,
  };
}

function ourSignal(signal: OracleSignal): Signal {
  const { id, type, source, content } = signal;
  return {
    id: Buffer.from(id),
    type: Buffer.from(type),
    layer: 1,
    source: Buffer.from(source),
    content: Buffer.from(content),
    metadata: signal.metadata.map(([key, value]) => [Buffer.from(key), Buffer.from(value)]),
    timestamp: signal.timestamp,
  };
}

function instantiateOurs(core: Uint8Array): Guest {
  const grants = { time: false, random: false, env: {} };
  const reports = new Reports(
    { plugin: { id: '', name: '', version: '' }, config: '{}', grants, limits: bounds },
    () => undefined,
  );
  const exports = ['lifecycle', 'neuron', 'tools'];
  return instantiate(new WebAssembly.Module(core), { exports, bounds, grants, host: reports.services });
}

function repeat(count: number, call: () => unknown): void {
  for (let i = 0; i < count; i++) call();
}

/** Both sides by turns; the ratio is taken within each turn, so that what disturbs the machine disturbs both. */
function compare({ name, ours, oracle, goal }: Pair, options: BenchOptions): Measure[] {
  const bursts = Math.max(options.bursts, MIN_BURSTS);
  const [ourCount, oracleCount] = [calibrate(ours, options.burstMs), calibrate(oracle, options.burstMs)];
  const samples = Array.from({ length: bursts }, (_, turn) => {
    const first = turn % 2 === 0;
    const before = first ? time(ours, ourCount) : time(oracle, oracleCount);
    const after = first ? time(oracle, oracleCount) : time(ours, ourCount);
    return first ? { ours: before, oracle: after } : { ours: after, oracle: before };
  });
  const ratios = samples.map((sample) => sample.oracle / sample.ours);
  const [ourUs, oracleUs] = [median(samples.map((sample) => sample.ours)), median(samples.map((s) => s.oracle))];
  const note = `a call: ours ${ourUs.toFixed(2)} us, jco-transpile ${oracleUs.toFixed(2)} us`;
  return [measureOf(name, 'x', ratios, { note, ...(goal === undefined ? {} : { goal }) })];
}

/** Warms a side up, and finds out how many calls fill a burst. */
function calibrate(calls: Calls, burstMs: number): number {
  time(calls, WARM_UP_CALLS);
  return Math.max(1, Math.round((burstMs * 1_000) / time(calls, WARM_UP_CALLS / 10)));
}

/** Microseconds on a processor a call, collecting garbage included: on a busy machine the wall clock says little. */
function time(calls: Calls, count: number): number {
  const from = process.cpuUsage();
  calls(count);
  const { user, system } = process.cpuUsage(from);
  return (user + system) / count;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const measure of await run()) console.log(describe(measure));
}
