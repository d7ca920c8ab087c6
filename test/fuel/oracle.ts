/**
 * Runs one program three ways (as it is, metered, and with the naive meter) against the same host, and compares what can be seen:
 * results, traps, host calls and the fuel used at each, memory and globals.
 */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { type MeteredModule, meter } from '../../src/wasm/fuel/meter.js';
import { type Fuel, fuelOf, type TrapReport } from '../../src/wasm/fuel/runtime.js';
import { meterNaively, NAIVE_USED } from './naive.js';

export const HUGE_BUDGET = 2 ** 50;

/** One export to call on a fresh instance. */
export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What a call did, as far as the guest's meaning goes. */
export interface Effect {
  /** `value …`, `trap …` or `thrown`. */
  readonly outcome: string;
  /** Host calls with their arguments. */
  readonly trace: readonly string[];
  /** Exported memories and globals afterwards. */
  readonly state: string;
}

export interface Run {
  readonly effect: Effect;
  /** The fuel that had been used at each host call. */
  readonly usedAt: readonly number[];
  readonly used: number;
  readonly report: TrapReport | undefined;
  /** Whether instantiation, start function included, went well. */
  readonly started: boolean;
}

/** Makes the imports for one instance; `note` is told of every host call. */
export type HostMaker = (note: (call: string) => void, instance: () => WebAssembly.Instance) => WebAssembly.Imports;

export interface Variants {
  readonly plain: WebAssembly.Module;
  readonly naive: WebAssembly.Module;
  readonly metered: WebAssembly.Module;
  readonly metering: MeteredModule;
}

/** Compiles a program in its three forms. */
export function variantsOf(bytes: Uint8Array, stackBytes?: number): Variants {
  const metering = meter(bytes, stackBytes === undefined ? {} : { stackBytes });
  return {
    plain: new WebAssembly.Module(bytes),
    naive: new WebAssembly.Module(meterNaively(bytes)),
    metered: new WebAssembly.Module(metering.bytes),
    metering,
  };
}

export function runPlain(variants: Variants, call: Call, host: HostMaker): Run {
  return run(variants.plain, call, host, () => 0);
}

export function runNaive(variants: Variants, call: Call, host: HostMaker): Run {
  return run(variants.naive, call, host, (instance) =>
    instance === undefined ? 0 : Number((instance.exports[NAIVE_USED] as WebAssembly.Global).value as bigint),
  );
}

export function runMetered(variants: Variants, call: Call, host: HostMaker, budget = HUGE_BUDGET): Run {
  let fuel: Fuel | undefined;
  const used = (instance: WebAssembly.Instance | undefined): number =>
    instance === undefined ? 0 : (fuel?.used() ?? 0);
  return run(variants.metered, call, host, used, {
    ready: (instance) => {
      fuel = fuelOf(instance.exports);
      fuel.begin(budget);
      const { start } = variants.metering;
      if (start !== undefined) (instance.exports[start] as () => void)();
    },
    explain: (error) => fuel?.explain(error, variants.metering.offsets),
    isOut: () => fuel?.isOut() === true,
  });
}

interface Hooks {
  readonly ready: (instance: WebAssembly.Instance) => void;
  readonly explain: (error: unknown) => TrapReport | undefined;
  readonly isOut: () => boolean;
}

function run(
  module: WebAssembly.Module,
  call: Call,
  makeHost: HostMaker,
  usedBy: (instance: WebAssembly.Instance | undefined) => number,
  hooks?: Hooks,
): Run {
  const trace: string[] = [];
  const usedAt: number[] = [];
  let instance: WebAssembly.Instance | undefined;
  let report: TrapReport | undefined;
  let outcome: string;
  const note = (text: string): void => {
    trace.push(text);
    usedAt.push(usedBy(instance));
  };
  try {
    const imports = makeHost(note, () => instance as WebAssembly.Instance);
    const made = new WebAssembly.Instance(module, imports);
    // The metered start function runs here; for the others it has run, and nobody could look at the instance meanwhile.
    hooks?.ready(made);
    instance = made;
    const exported = instance.exports[call.name] as (...args: unknown[]) => unknown;
    const value = exported(...call.args);
    outcome = hooks?.isOut() === true ? 'out of fuel' : `value ${describeValue(value)}`;
  } catch (error) {
    report = hooks?.explain(error);
    outcome = describeError(error, report);
  }
  if (instance === undefined) return { effect: { outcome, trace, state: '' }, usedAt, used: 0, report, started: false };
  const used = report?.usedAtMost ?? usedBy(instance);
  return { effect: { outcome, trace, state: stateOf(instance) }, usedAt, used, report, started: true };
}

function describeError(error: unknown, report: TrapReport | undefined): string {
  if (report?.kind === 'fuel') return 'out of fuel';
  if (report?.kind === 'stack' || error instanceof RangeError) return 'stack';
  if (error instanceof WebAssembly.RuntimeError) return `trap ${error.message}`;
  return error instanceof WebAssembly.Exception ? 'thrown exception' : `thrown ${String(error)}`;
}

/** NaNs are equal whatever their bits. */
export function describeValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describeValue).join(' ')}]`;
  if (typeof value === 'function') return 'function';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Exported memories and numeric globals, but for those of metering. */
function stateOf(instance: WebAssembly.Instance): string {
  const parts: string[] = [];
  for (const [name, item] of Object.entries(instance.exports)) {
    if (name.startsWith('hal9:') || name === NAIVE_USED) continue;
    if (item instanceof WebAssembly.Memory) parts.push(`${name} ${digest(new Uint8Array(item.buffer))}`);
    if (item instanceof WebAssembly.Global) parts.push(`${name} ${describeValue(item.value)}`);
  }
  return parts.join('; ');
}

/** FNV-1a over 32-bit words. */
function digest(bytes: Uint8Array): string {
  let hash = 0x811c_9dc5;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  for (const word of words) if (word !== 0) hash = Math.imul(hash ^ word, 0x0100_0193) >>> 0;
  return `${bytes.length}:${hash.toString(16)}`;
}

/** What a comparison found out. */
export interface Comparison {
  readonly used: number;
  readonly outcome: string;
}

/**
 * Asserts that the metered program does what the plain one does, that it counts what the naive meter counts, and that its budget
 * bites exactly: what was used is enough, one less is not, and then the host saw the same calls up to some point.
 * @param budget programs that need more are only held against the plain one's host calls
 */
export function compareVariants(variants: Variants, call: Call, host: HostMaker, budget = HUGE_BUDGET): Comparison {
  const metered = runMetered(variants, call, host, budget);
  if (metered.effect.outcome === 'out of fuel' || metered.effect.outcome === 'stack') {
    return { used: metered.used, outcome: metered.effect.outcome };
  }
  const plain = runPlain(variants, call, host);
  const naive = runNaive(variants, call, host);
  deepStrictEqual(metered.effect, plain.effect, 'metered against plain');
  deepStrictEqual(naive.effect, plain.effect, 'naive against plain');
  deepStrictEqual(metered.usedAt, naive.usedAt, 'fuel at host calls');
  if (!metered.started || metered.report === undefined || metered.report.exact)
    strictEqual(metered.used, naive.used, 'fuel used');
  else strictEqual(metered.used >= naive.used, true, `at most ${metered.used} used, naively ${naive.used}`);
  const exact = metered.report === undefined || metered.report.exact;
  if (exact && metered.started) checkBudget(variants, call, host, metered);
  return { used: naive.used, outcome: metered.effect.outcome };
}

function checkBudget(variants: Variants, call: Call, host: HostMaker, full: Run): void {
  const enough = runMetered(variants, call, host, full.used);
  deepStrictEqual(enough, full, 'with exactly the budget that is used');
  if (full.used === 0) return;
  const short = runMetered(variants, call, host, full.used - 1);
  strictEqual(short.effect.outcome, 'out of fuel', 'with one unit less');
  const calls = short.effect.trace.length;
  deepStrictEqual(short.effect.trace, full.effect.trace.slice(0, calls), 'host calls with one unit less');
  deepStrictEqual(short.usedAt, full.usedAt.slice(0, calls), 'fuel at host calls with one unit less');
}
