/**
 * `npm run fuzz -- --seed N --seconds S [--only TARGET] [--inputs M]`
 *
 * Tries inputs until the time is over. Input number i has the seed N + i, whatever came before it: a failure is repeated by
 * `--seed <its seed> --inputs 1`. The line `inputs N, failures 0` says how it went; with a failure the exit status is 1. The target
 * `fuel` adds a last line of its own, `programs N, mismatches 0`.
 */

import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { HostError } from '../../src/errors.js';
import { DOCUMENT_TARGETS } from './documents.js';
import { tryFiles } from './files.js';
import { fuelStatistics, tryFuel } from './fuel.js';
import { packageTargets, type Target } from './packages.js';
import { Random } from './random.js';
import { signatureTarget } from './signatures.js';
import { tryWasiFiles } from './wasi-files.js';

/** No input of these sizes takes a millisecond's work a thousand times over. */
const MAX_INPUT_MS = 2_000;
/** After this, an input is taken for one that never ends. */
const HANG_MS = 20_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    inputs: { type: 'string' },
    only: { type: 'string' },
  },
});
const firstSeed = Number(values.seed);
const endMs = performance.now() + Number(values.seconds) * 1_000;
const maxInputs = values.inputs === undefined ? Number.MAX_SAFE_INTEGER : Number(values.inputs);

/** Counts what became of inputs: accepted, or the reason of the refusal. */
const outcomes = new Map<string, number>();
/** The seed that is being tried and how many were, for the watch. */
const progress = new BigInt64Array(new SharedArrayBuffer(16));

/** Ends the process when an input holds the thread: nothing else can. */
function watch(): Worker {
  const source = `
    const { workerData: { progress, hangMs } } = require('node:worker_threads');
    let last = -1n;
    setInterval(() => {
      const now = Atomics.load(progress, 1);
      if (now === last) {
        require('node:fs').writeSync(1, 'seed ' + Atomics.load(progress, 0) + ' does not end\\n');
        process.kill(process.pid, 'SIGKILL');
      }
      last = now;
    }, hangMs);`;
  const worker = new Worker(source, { eval: true, workerData: { progress, hangMs: HANG_MS } });
  worker.unref();
  return worker;
}

/** Tries one input; answers what is wrong with how it was treated, if anything. */
async function tryInput(name: string, target: Target, random: Random): Promise<string | undefined> {
  const startMs = performance.now();
  let outcome = 'accepted';
  try {
    await target(random);
  } catch (error) {
    if (!(error instanceof HostError))
      return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    if (error.reason === 'INTERNAL') return `was refused as INTERNAL: ${error.message}`;
    if (error.message.length > 20_000) return `was refused with a message of ${error.message.length} characters`;
    outcome = error.reason;
  }
  const elapsedMs = performance.now() - startMs;
  if (elapsedMs > MAX_INPUT_MS) return `took ${elapsedMs.toFixed(0)} ms`;
  outcomes.set(`${name} ${outcome}`, (outcomes.get(`${name} ${outcome}`) ?? 0) + 1);
  return undefined;
}

const all: [string, Target][] = [
  ...(await packageTargets()),
  ...DOCUMENT_TARGETS,
  ['wasi-files', tryWasiFiles],
  ['files', tryFiles],
  ['signatures', await signatureTarget()],
  ['fuel', tryFuel],
];
const targets = all.filter(([name]) => values.only === undefined || name === values.only);
// YAML warns of tags and directives that it does not know, once for each.
process.removeAllListeners('warning');
const watcher = watch();
let inputs = 0;
let failures = 0;
while (inputs < maxInputs && performance.now() < endMs) {
  const seed = firstSeed + inputs;
  Atomics.store(progress, 0, BigInt(seed));
  Atomics.add(progress, 1, 1n);
  const random = new Random(seed);
  const [name, target] = random.pick(targets);
  const fault = await tryInput(name, target, random);
  inputs++;
  if (fault === undefined) continue;
  failures++;
  console.log(`seed ${seed} (${name}): ${fault}`);
  if (failures >= 20) break;
}
await watcher.terminate();
for (const outcome of [...outcomes.keys()].sort()) console.log(`${outcome}: ${outcomes.get(outcome)}`);
console.log(`inputs ${inputs}, failures ${failures}`);
if (fuelStatistics.programs > 0) {
  console.log(`programs ${fuelStatistics.programs}, mismatches ${fuelStatistics.mismatches}`);
}
process.exitCode = failures > 0 || inputs === 0 ? 1 : 0;
