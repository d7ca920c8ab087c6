/**
 * `npm run bench -- --json FILE [--only NAME[,NAME]] [--bursts N] [--burst-ms MS] [--tries N]`
 *
 * Prints what was measured, what the goal is, and where the time goes; writes all of it to FILE. Asserts nothing: it fails when
 * a bench cannot be carried out, not when a goal is missed.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { audit } from './audit.js';
import { bindings } from './bindings.js';
import { broker } from './broker.js';
import { calls, sentiment } from './calls.js';
import { fuel } from './fuel.js';
import { cold, memory, start } from './instances.js';
import { kill } from './kill.js';
import { type Bench, type BenchOptions, describe, type Measure, reached } from './measure.js';
import { neighbour } from './neighbour.js';

const BENCHES: readonly Bench[] = [
  calls,
  sentiment,
  cold,
  memory,
  kill,
  start,
  bindings,
  fuel,
  audit,
  broker,
  neighbour,
];

interface Report {
  commit: string;
  startedAt: string;
  node: string;
  machine: { cpu: string; cores: number; memoryMb: number; kernel: string; load: number };
  options: BenchOptions;
  benches: { name: string; seconds: number; measures?: readonly Measure[]; error?: string }[];
}

function commit(): string {
  try {
    const changed = execFileSync('git', ['status', '--porcelain'], { encoding: 'utf8' }) === '' ? '' : '+changes';
    return `${execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()}${changed}`;
  } catch {
    return 'unknown';
  }
}

function describeMachine(): Report['machine'] {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 1_048_576),
    kernel: release(),
    load: loadavg()[0] ?? 0,
  };
}

async function runOne(bench: Bench, options: BenchOptions): Promise<Report['benches'][number]> {
  console.log(`\n${bench.name}: ${bench.about}`);
  const from = performance.now();
  const seconds = (): number => Math.round(performance.now() - from) / 1_000;
  try {
    const measures = await bench.run(options);
    for (const measure of measures) console.log(describe(measure));
    return { name: bench.name, seconds: seconds(), measures };
  } catch (error) {
    console.error(
      `  could not be carried out: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return { name: bench.name, seconds: seconds(), error: String(error) };
  }
}

function chosen(only: string | undefined): readonly Bench[] {
  if (only === undefined) return BENCHES;
  return only.split(',').map((name) => {
    const bench = BENCHES.find((b) => b.name === name);
    if (bench === undefined) throw new Error(`--only ${name}: there are ${BENCHES.map((b) => b.name).join(', ')}`);
    return bench;
  });
}

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    bursts: { type: 'string', default: '20' },
    'burst-ms': { type: 'string', default: '400' },
    tries: { type: 'string', default: '20' },
  },
});
const options = { bursts: Number(values.bursts), burstMs: Number(values['burst-ms']), tries: Number(values.tries) };
const report: Report = {
  commit: commit(),
  startedAt: new Date().toISOString(),
  node: process.version,
  machine: describeMachine(),
  options,
  benches: [],
};
const { cpu, cores, memoryMb, load } = report.machine;
console.log(`Node ${report.node}, ${cores} x ${cpu}, ${memoryMb} MB, load ${load.toFixed(2)}, commit ${report.commit}`);
for (const bench of chosen(values.only)) {
  report.benches.push(await runOne(bench, options));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
const goals = report.benches.flatMap(({ measures = [] }) => measures).filter(({ goal }) => goal !== undefined);
const missed = goals.filter((measure) => reached(measure) === false);
const failed = report.benches.filter(({ error }) => error !== undefined);
console.log(
  `\n${goals.length - missed.length} goals reached, ${missed.length} missed${failed.length === 0 ? '' : `, ${failed.length} benches failed`}`,
);
// What a failed bench has left open must not keep the process.
process.exit(failed.length > 0 ? 1 : 0);
