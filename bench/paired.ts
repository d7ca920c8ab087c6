import { cpuTime } from './cpu.js';
import type { BurstOrder } from './load/burst.js';
import type { Load } from './load/load.js';
import { type BenchOptions, median } from './measure.js';

/** One side of a comparison. */
export interface Side {
  name: string;
  pid: number;
  /** What is sent in every burst; how often is found out first. */
  order: Omit<BurstOrder, 'count'>;
  /** Signals in each message. */
  signals: number;
}

/** The medians of one side over all bursts. */
export interface SideResult {
  name: string;
  signalsPerSecond: number;
  latencyUs: number;
  /** Time on a processor for each signal. */
  mainUs: number;
  othersUs: number;
}

interface Burst {
  rate: number;
  latencyUs: number;
  mainUs: number;
  othersUs: number;
}

/** Until the code that runs is compiled, rates say nothing. */
const WARM_UP_MS = 1_500;

/**
 * Runs the sides' bursts by turns, so that what disturbs the machine disturbs all of them, and divides within each turn.
 *
 * @returns the medians of each side, and for each turn the rate of the first side over that of each other.
 */
export async function runPaired(
  load: Load,
  sides: readonly Side[],
  options: BenchOptions,
): Promise<{ results: SideResult[]; ratios: number[][] }> {
  const counts = new Map<Side, number>();
  for (const side of sides) counts.set(side, await calibrate(load, side, options.burstMs));
  const bursts = sides.map((): Burst[] => []);
  for (let turn = 0; turn < options.bursts; turn++) {
    // Nobody is always first.
    const order = sides.map((_, i) => (i + turn) % sides.length);
    for (const i of order) {
      const side = sides[i] as Side;
      (bursts[i] as Burst[]).push(await burst(load, side, counts.get(side) as number));
    }
  }
  const results = sides.map(({ name }, i) => summarize(name, bursts[i] as Burst[]));
  const first = bursts[0] as Burst[];
  const ratios = bursts.slice(1).map((other) => first.map(({ rate }, turn) => rate / (other[turn] as Burst).rate));
  return { results, ratios };
}

/** Warms a side up, and finds out how many messages fill a burst. */
async function calibrate(load: Load, side: Side, burstMs: number): Promise<number> {
  let count = Math.max(2 * side.order.inFlight, 20);
  const until = performance.now() + WARM_UP_MS;
  while (performance.now() < until) {
    const { rate } = await burst(load, side, count);
    count = Math.max(side.order.inFlight, Math.ceil(((rate / side.signals) * burstMs) / 1_000));
  }
  return count;
}

async function burst(load: Load, side: Side, count: number): Promise<Burst> {
  const before = cpuTime(side.pid);
  const { ms, medianUs } = await load.burst({ ...side.order, count });
  const after = cpuTime(side.pid);
  const signals = count * side.signals;
  return {
    rate: (signals / ms) * 1_000,
    latencyUs: medianUs,
    mainUs: (after.mainUs - before.mainUs) / signals,
    othersUs: (after.othersUs - before.othersUs) / signals,
  };
}

function summarize(name: string, bursts: readonly Burst[]): SideResult {
  const of = (pick: (burst: Burst) => number): number => median(bursts.map(pick));
  return {
    name,
    signalsPerSecond: of((b) => b.rate),
    latencyUs: of((b) => b.latencyUs),
    mainUs: of((b) => b.mainUs),
    othersUs: of((b) => b.othersUs),
  };
}

/** What a side did, in one line. */
export function describeSide({ name, signalsPerSecond, latencyUs, mainUs, othersUs }: SideResult): string {
  const cpu = `CPU a signal ${mainUs.toFixed(1)} us main thread, ${othersUs.toFixed(1)} us others`;
  return `${name} ${Math.round(signalsPerSecond).toLocaleString('en')}/s, ${latencyUs.toFixed(0)} us a message, ${cpu}`;
}
