/**
 * The target `fuel`: a generated program must do the same metered as plain, count what the naive meter counts, at every host call and at the
 * end, and run out with one unit less than it uses.
 */
import { compareVariants, type HostMaker, variantsOf } from '../fuel/oracle.js';
import { generateProgram } from './fuel-programs.js';
import type { Features } from './fuel-surroundings.js';
import type { Random } from './random.js';

/** Programs that need more are stopped: then only that is checked. */
const BUDGET = 300_000;
/** Small, so that stacks are tried too. */
const STACK_BYTES = 200_000;

/** What the engine has: legacy exceptions are gone from none so far, exception references come with newer ones. */
const engine = {
  // (module (tag) (func try end)) and (module (func try_table end))
  legacyExceptions: accepts([0x06, 0x40, 0x0b]),
  exceptionReferences: accepts([0x1f, 0x40, 0, 0x0b]),
  tailCalls: accepts([0x12, 0]),
};

function accepts(code: readonly number[]): boolean {
  const body = [0, ...code, 0x0b];
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  return WebAssembly.validate(Uint8Array.from([...head, 10, body.length + 2, 1, body.length, ...body]));
}

/** Statistics over all programs, to compare runs of different engines and tiers. */
export const fuelStatistics = { programs: 0, mismatches: 0, calls: 0, used: 0n, outcomes: new Map<string, number>() };

/** One program; throws where something differs. */
export function tryFuel(random: Random): Promise<void> {
  fuelStatistics.programs++;
  const kind = random.below(4);
  const features: Features = {
    legacyExceptions: kind === 1 && engine.legacyExceptions,
    exceptionReferences: kind === 2 && engine.exceptionReferences,
    tailCalls: kind !== 3 && engine.tailCalls,
  };
  const program = generateProgram(random, features);
  try {
    if (!WebAssembly.validate(program.bytes)) new WebAssembly.Module(program.bytes);
    const variants = variantsOf(program.bytes, STACK_BYTES);
    for (const { name, params } of program.exports) {
      const args = params.map((type) => (type === 0x7e ? BigInt(random.below(1_000)) : random.below(1_000)));
      const { used, outcome } = compareVariants(variants, { name, args }, host, BUDGET);
      const kindOfOutcome = outcome.split(' ', outcome.startsWith('trap') ? 4 : 1).join(' ');
      fuelStatistics.outcomes.set(kindOfOutcome, (fuelStatistics.outcomes.get(kindOfOutcome) ?? 0) + 1);
      fuelStatistics.calls++;
      fuelStatistics.used += BigInt(used);
    }
  } catch (error) {
    fuelStatistics.mismatches++;
    return Promise.reject(error);
  }
  return Promise.resolve();
}

/** Answers from its arguments alone; now and then it calls back, or throws. */
export const host: HostMaker = (note, instance) => {
  let calls = 0;
  const answer = (name: string, args: readonly unknown[]): number => {
    note(`${name}(${args.map(String).join()})`);
    calls++;
    if (calls % 11 === 3) callBack(instance());
    if (calls % 17 === 5) throw new Error(`thrown by the host at call ${calls}`);
    return args.reduce<number>((sum, arg) => (sum * 31 + (Number(arg) | 0)) | 0, calls);
  };
  return {
    host: {
      f0: (a: number) => answer('f0', [a]),
      f1: (a: number, b: bigint) => void answer('f1', [a, b]),
      f2: () => BigInt(answer('f2', [])),
      f3: (a: number, b: number) => answer('f3', [a, b]),
    },
  };
};

/** Enters the guest again from below, as `cabi_realloc` is entered. A trap must pass through as it is. */
function callBack(instance: WebAssembly.Instance | undefined): void {
  const exported = instance?.exports['e0'] as ((...args: unknown[]) => unknown) | undefined;
  if (exported === undefined) return;
  const args = Array.from({ length: exported.length }, () => 1);
  try {
    exported(...args);
  } catch (error) {
    // Parameters of type i64 refuse numbers before anything is called.
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
  }
}
