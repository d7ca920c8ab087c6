/**
 * Counts the fuel of programs that are the same everywhere, and prints the numbers as JSON. The tests run it under each of the engine's
 * compilers, and compare with what was recorded:
 *
 *     npm run build && node dist/test/fuel/count.js > test/vectors/fuel.json
 */
import { readFileSync } from 'node:fs';
import { FUEL_VERSION } from '../../src/wasm/fuel/weights.js';
import { host } from '../fuzz/fuel.js';
import { generateProgram } from '../fuzz/fuel-programs.js';
import { Random } from '../fuzz/random.js';
import { type Call, runMetered, variantsOf } from './oracle.js';

/** Large enough that the optimising compiler comes in while they run. */
const PROGRAMS: Readonly<Record<string, number>> = {
  ...{ sieve: 100_000, fib: 20, queens: 7, nbody: 2_000, matmul: 40, mandelbrot: 40, fannkuch: 6, trees: 8 },
  ...{ sort: 2_000, levenshtein: 200, interpreter: 10_000, sha256: 50, deflate: 500, markdown: 1_000, json: 100 },
  regex: 300,
};
const GENERATED = 150;
const BUDGET = 300_000;

const variants = variantsOf(readFileSync('bench/programs/programs.wasm'));

function countProgram(name: string, size: number): number {
  return runMetered(variants, { name, args: [size] }, () => ({})).used;
}

/** One number for each generated program: what its exports used together, at host calls and in the end. */
function countGenerated(): number[] {
  const random = new Random(1);
  return Array.from({ length: GENERATED }, () => {
    const features = { legacyExceptions: false, exceptionReferences: false, tailCalls: true };
    const program = generateProgram(random, features);
    const generated = variantsOf(program.bytes);
    let sum = 0;
    for (const { name, params } of program.exports) {
      const call: Call = { name, args: params.map((type) => (type === 0x7e ? 7n : 7)) };
      const { used, usedAt } = runMetered(generated, call, host, BUDGET);
      sum += usedAt.reduce((total, each) => total + each, used);
    }
    return sum;
  });
}

const programs = Object.entries(PROGRAMS).map(([name, size]) => [name, countProgram(name, size)]);
const counts = {
  fuelVersion: FUEL_VERSION,
  programs: Object.fromEntries(programs) as unknown,
  generated: countGenerated(),
};
console.log(JSON.stringify(counts));
