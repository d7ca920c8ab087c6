/**
 * `npm run bench -- --only fuel`, or alone: `node dist/bench/fuel.js`.
 *
 * Programs as they are against metered, in one process, run by turns; how much larger they become and how fast they are rewritten.
 * Where `bench/wasmtime` has been built (cargo build --release --locked), the same module under Wasmtime without and with its
 * fuel, in the same turns. The programs are those of `bench/programs`: kernels and real libraries.
 *
 * What is compared is the least processor time of many runs: whatever else the machine does only adds to it. Each module is
 * instantiated twice, the metered ones between the plain ones, because where an instance's memory comes to lie alone makes some
 * programs a tenth faster.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { type MeteredModule, meter } from '../src/wasm/fuel/meter.js';
import { type Fuel, fuelOf } from '../src/wasm/fuel/runtime.js';
import { type Bench, type BenchOptions, describe, type Measure } from './measure.js';

const MODULE = 'bench/programs/programs.wasm';
const WASMTIME = 'bench/wasmtime/target/release/bench-wasmtime';
const OTHER_MODULES = [
  'examples/echo/echo.wasm',
  'examples/sentiment-analyzer/sentiment-analyzer.wasm',
  'node_modules/@bytecodealliance/jco-transpile/vendor/wasm-tools.core.wasm',
];
const WARM_UP_RUNS = 8;
/** Turns for each burst of the other benches. */
const TURNS = 2;
const BUDGET = 2 ** 50;

/** Sizes that take 2 to 7 ms: long against the clock, short against a time slice. */
const PROGRAMS: readonly (readonly [string, number])[] = [
  ['sieve', 2_000_000],
  ['fib', 30],
  ['queens', 12],
  ['nbody', 40_000],
  ['matmul', 160],
  ['mandelbrot', 200],
  ['fannkuch', 8],
  ['trees', 14],
  ['sort', 20_000],
  ['levenshtein', 1_500],
  ['interpreter', 300_000],
  ['sha256', 1_000],
  ['deflate', 15_000],
  ['markdown', 30_000],
  ['json', 4_000],
  ['regex', 6_000],
];

/** On the versions after 20 the goals are wider: the compiler inlines, and an extra parameter costs more. */
const NEWEST = Number(process.versions.node.split('.')[0]) > 20;
const GOALS = NEWEST ? { geomean: 1.06, worst: 1.4 } : { geomean: 1.03, worst: 1.2 };
const WASMTIME_GOAL = 0.76;
const SIZE_GOAL = 1.45;
const REWRITE_GOAL_MB_PER_S = 12;
/** Until the rewriter itself is compiled. */
const REWRITES = 12;

export const fuel: Bench = {
  name: 'fuel',
  about: 'programs metered against plain, in one process; and under Wasmtime, where it is built',
  run: async (options) => [...rewriting(), ...(await running(options))],
};

/** The measures of this bench with its own defaults. */
export function run(): Promise<Measure[]> {
  return fuel.run({ bursts: 20, burstMs: 0, tries: 1 });
}

type Kind = 'plain' | 'metered' | 'wasmtime' | 'wasmtime fuel';

/** One way to run a program: answers the processor time in ms and a checksum. */
type Runner = (name: string, size: number) => Promise<{ ms: number; checksum: bigint }>;

interface Side {
  readonly kind: Kind;
  readonly run: Runner;
  readonly stop: () => void;
}

/** In microseconds. The engine's other threads have nothing to do once the programs are compiled. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function inProcess(kind: Kind, bytes: Uint8Array): Side & { counter: Fuel | undefined } {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
  const counter = kind === 'metered' ? fuelOf(exports) : undefined;
  const runProgram: Runner = (program, size) => {
    counter?.begin(BUDGET);
    const start = processorTime();
    const checksum = (exports[program] as (size: number) => bigint)(size);
    const ms = (processorTime() - start) / 1_000;
    if (counter?.isOut() === true) throw new Error(`${program} ran out of fuel`);
    return Promise.resolve({ ms, checksum: BigInt.asUintN(64, checksum) });
  };
  return { kind, run: runProgram, counter, stop: () => undefined };
}

/** A Wasmtime that answers a line for a line. */
function inWasmtime(kind: Kind, mode: 'fuel' | 'plain'): Side {
  const child: ChildProcessWithoutNullStreams = spawn(WASMTIME, [MODULE, mode]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const runProgram: Runner = async (program, size) => {
    child.stdin.write(`${program} ${size}\n`);
    const line: IteratorResult<string, unknown> = await lines.next();
    if (line.done === true) throw new Error('Wasmtime has ended');
    const [ns, checksum] = line.value.split(' ') as [string, string];
    return { ms: Number(ns) / 1e6, checksum: BigInt(checksum) };
  };
  return { kind, run: runProgram, stop: () => child.stdin.end() };
}

async function running(options: BenchOptions): Promise<Measure[]> {
  const bytes = readFileSync(MODULE);
  const after = meter(bytes).bytes;
  const metered = inProcess('metered', after);
  const sides: Side[] = [inProcess('plain', bytes), metered, inProcess('metered', after), inProcess('plain', bytes)];
  const hasWasmtime = existsSync(WASMTIME);
  if (hasWasmtime) sides.push(inWasmtime('wasmtime', 'plain'), inWasmtime('wasmtime fuel', 'fuel'));
  const measures: Measure[] = [];
  const slowdowns: number[] = [];
  const against: number[] = [];
  try {
    for (const [program, size] of PROGRAMS) {
      const least = await interleave(sides, program, size, options.bursts * TURNS);
      const ratio = (of: Kind, to: Kind): number => (least.get(of) as number) / (least.get(to) as number);
      const times = [...least].map(([kind, ms]) => `${kind} ${ms.toFixed(2)} ms`).join(', ');
      const units = `${metered.counter?.used().toLocaleString('en') ?? ''} units`;
      slowdowns.push(ratio('metered', 'plain'));
      const name = `${program}, metered to plain`;
      measures.push({ name, value: ratio('metered', 'plain'), unit: 'x', note: `${times}; ${units}` });
      if (!hasWasmtime) continue;
      against.push(ratio('metered', 'wasmtime fuel'));
      const other = `${program}, metered to Wasmtime with fuel`;
      measures.push({ name: other, value: ratio('metered', 'wasmtime fuel'), unit: 'x' });
    }
  } finally {
    for (const side of sides) side.stop();
  }
  measures.push(...summaries('metered to plain', slowdowns, GOALS.geomean, GOALS.worst));
  if (against.length > 0) measures.push(...summaries('metered to Wasmtime with fuel', against, WASMTIME_GOAL, 1));
  return measures;
}

/** Runs all sides by turns, nobody always first; answers the least time of each kind. */
async function interleave(
  sides: readonly Side[],
  program: string,
  size: number,
  turns: number,
): Promise<Map<Kind, number>> {
  const least = new Map<Kind, number>();
  let checksum: bigint | undefined;
  for (let turn = -WARM_UP_RUNS; turn < turns; turn++) {
    for (let step = 0; step < sides.length; step++) {
      const { kind, run: runProgram } = sides[(step + Math.abs(turn)) % sides.length] as Side;
      const result = await runProgram(program, size);
      checksum ??= result.checksum;
      if (result.checksum !== checksum) throw new Error(`${program}: ${kind} computes something else`);
      if (turn >= 0) least.set(kind, Math.min(least.get(kind) ?? Number.POSITIVE_INFINITY, result.ms));
    }
  }
  return least;
}

function summaries(name: string, ratios: readonly number[], geomeanGoal: number, worstGoal: number): Measure[] {
  const geomean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  return [
    { name: `${name}, geomean of ${ratios.length}`, value: geomean, unit: 'x', goal: { atMost: geomeanGoal } },
    { name: `${name}, worst`, value: Math.max(...ratios), unit: 'x', goal: { atMost: worstGoal } },
  ];
}

/** Sizes, and speeds: of the first module in a fresh process, and once the rewriter itself is compiled. */
function rewriting(): Measure[] {
  const measures: Measure[] = [];
  for (const file of [MODULE, ...OTHER_MODULES].filter((path) => existsSync(path))) {
    const bytes = readFileSync(file);
    const times: number[] = [];
    let metered: MeteredModule | undefined;
    for (let turn = 0; turn < REWRITES; turn++) {
      const start = processorTime();
      metered = meter(bytes, { validate: () => true });
      times.push((processorTime() - start) / 1_000);
    }
    const speedOf = (ms: number): number => bytes.length / 1_000 / ms;
    const name = file.split('/').at(-1) ?? file;
    const note = `${speedOf(times[0] as number).toFixed(1)} MB/s the first time; ${bytes.length} bytes`;
    const goal = { atLeast: REWRITE_GOAL_MB_PER_S };
    measures.push({ name: `rewriting ${name}`, value: speedOf(Math.min(...times)), unit: 'MB/s', goal, note });
    const { original, metered: after } = (metered as MeteredModule).codeBytes;
    measures.push({ name: `code section of ${name}`, value: after / original, unit: 'x', goal: { atMost: SIZE_GOAL } });
  }
  return measures;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const measure of await run()) console.log(describe(measure));
}
