/**
 * `npm run bench -- --only fuel`, or alone: `node dist/bench/fuel.js`.
 *
 * Programs as they are against metered, in one process, run by turns; how much larger they become and how fast they are rewritten.
 * Where `bench/wasmtime` has been built (cargo build --release --locked), the same module under Wasmtime without and with its
 * fuel, in the same turns. The programs are those of `bench/programs`: kernels and real libraries.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { type MeteredModule, meter } from '../src/wasm/fuel/meter.js';
import { type Fuel, fuelOf } from '../src/wasm/fuel/runtime.js';
import { type Bench, type BenchOptions, describe, type Measure, measureOf, median } from './measure.js';

const MODULE = 'bench/programs/programs.wasm';
const WASMTIME = 'bench/wasmtime/target/release/bench-wasmtime';
const OTHER_MODULES = [
  'examples/echo/echo.wasm',
  'examples/sentiment-analyzer/sentiment-analyzer.wasm',
  'node_modules/@bytecodealliance/jco-transpile/vendor/wasm-tools.core.wasm',
];
const WARM_UP_RUNS = 5;
const BUDGET = 2 ** 50;

/** Sizes that take about 5 to 10 ms. */
const PROGRAMS: readonly (readonly [string, number])[] = [
  ['sieve', 2_000_000],
  ['fib', 30],
  ['queens', 10],
  ['nbody', 60_000],
  ['matmul', 200],
  ['mandelbrot', 250],
  ['fannkuch', 8],
  ['trees', 14],
  ['sort', 20_000],
  ['levenshtein', 1_800],
  ['interpreter', 250_000],
  ['sha256', 1_500],
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

export const fuel: Bench = {
  name: 'fuel',
  about: 'programs metered against plain, in one process; and under Wasmtime, where it is built',
  run: async (options) => [...rewriting(), ...(await running(options))],
};

/** The measures of this bench with its own defaults. */
export function run(): Promise<Measure[]> {
  return fuel.run({ bursts: 25, burstMs: 0, tries: 1 });
}

/** One way to run a program: answers the time in ms and a checksum. */
type Runner = (name: string, size: number) => Promise<{ ms: number; checksum: bigint }>;

interface Side {
  readonly name: string;
  readonly run: Runner;
  readonly stop: () => void;
}

function inProcess(name: string, bytes: Uint8Array, metered: boolean): Side & { counter: Fuel | undefined } {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
  const counter = metered ? fuelOf(exports) : undefined;
  const runProgram: Runner = (program, size) => {
    counter?.begin(BUDGET);
    const start = performance.now();
    const checksum = (exports[program] as (size: number) => bigint)(size);
    const ms = performance.now() - start;
    if (counter?.isOut() === true) throw new Error(`${program} ran out of fuel`);
    return Promise.resolve({ ms, checksum: BigInt.asUintN(64, checksum) });
  };
  return { name, run: runProgram, counter, stop: () => undefined };
}

/** A Wasmtime that answers a line for a line. */
function inWasmtime(name: string, mode: 'fuel' | 'plain'): Side {
  const child: ChildProcessWithoutNullStreams = spawn(WASMTIME, [MODULE, mode]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const runProgram: Runner = async (program, size) => {
    child.stdin.write(`${program} ${size}\n`);
    const line: IteratorResult<string, unknown> = await lines.next();
    if (line.done === true) throw new Error('Wasmtime has ended');
    const [ns, checksum] = line.value.split(' ') as [string, string];
    return { ms: Number(ns) / 1e6, checksum: BigInt(checksum) };
  };
  return { name, run: runProgram, stop: () => child.stdin.end() };
}

async function running(options: BenchOptions): Promise<Measure[]> {
  const bytes = readFileSync(MODULE);
  const metered = inProcess('metered', meter(bytes).bytes, true);
  const sides: Side[] = [inProcess('plain', bytes, false), metered];
  if (existsSync(WASMTIME)) sides.push(inWasmtime('wasmtime', 'plain'), inWasmtime('wasmtime fuel', 'fuel'));
  const measures: Measure[] = [];
  const slowdowns: number[] = [];
  const against: number[] = [];
  try {
    for (const [program, size] of PROGRAMS) {
      const times = await interleave(sides, program, size, options.bursts);
      const ratios = ratiosOf(times[1], times[0]);
      slowdowns.push(median(ratios));
      const note = sides
        .map((side, index) => `${side.name} ${median(times[index] as number[]).toFixed(2)} ms`)
        .join(', ');
      const units = `${metered.counter?.used().toLocaleString('en') ?? ''} units`;
      measures.push(measureOf(`${program}, metered to plain`, 'x', ratios, { note: `${note}; ${units}` }));
      if (sides.length > 2) {
        const other = ratiosOf(times[1], times[3]);
        against.push(median(other));
        measures.push(measureOf(`${program}, metered to Wasmtime with fuel`, 'x', other));
      }
    }
  } finally {
    for (const side of sides) side.stop();
  }
  measures.push(...summaries('metered to plain', slowdowns, GOALS.geomean, GOALS.worst));
  if (against.length > 0) measures.push(...summaries('metered to Wasmtime with fuel', against, WASMTIME_GOAL, 1));
  return measures;
}

/** Runs all sides by turns, nobody always first; answers the times of each. */
async function interleave(sides: readonly Side[], program: string, size: number, bursts: number): Promise<number[][]> {
  const times = sides.map((): number[] => []);
  let checksum: bigint | undefined;
  for (let turn = -WARM_UP_RUNS; turn < bursts; turn++) {
    for (let step = 0; step < sides.length; step++) {
      const index = (step + Math.abs(turn)) % sides.length;
      const result = await (sides[index] as Side).run(program, size);
      checksum ??= result.checksum;
      if (result.checksum !== checksum)
        throw new Error(`${program}: ${(sides[index] as Side).name} computes something else`);
      if (turn >= 0) times[index]?.push(result.ms);
    }
  }
  return times;
}

function ratiosOf(of: readonly number[] | undefined, to: readonly number[] | undefined): number[] {
  return (of ?? []).map((ms, turn) => ms / (to?.[turn] as number));
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
    const speeds: number[] = [];
    let metered: MeteredModule | undefined;
    for (let turn = 0; turn < 7; turn++) {
      const start = performance.now();
      metered = meter(bytes, { validate: () => true });
      speeds.push(bytes.length / 1_000 / (performance.now() - start));
    }
    const name = file.split('/').at(-1) ?? file;
    const first = `${((speeds[0] as number) * 1).toFixed(1)} MB/s the first time; ${bytes.length} bytes`;
    const goal = { atLeast: REWRITE_GOAL_MB_PER_S };
    measures.push(measureOf(`rewriting ${name}`, 'MB/s', speeds, { goal, note: first }));
    const { original, metered: after } = (metered as MeteredModule).codeBytes;
    measures.push({ name: `code section of ${name}`, value: after / original, unit: 'x', goal: { atMost: SIZE_GOAL } });
  }
  return measures;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const measure of await run()) console.log(describe(measure));
}
