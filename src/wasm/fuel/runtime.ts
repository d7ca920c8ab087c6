/**
 * What the host does with a metered module's instance:
 *
 *     const fuel = fuelOf(instance.exports, metered);    // or shareFuel(…) before several instances
 *     fuel.begin(budget - metered.instantiationFuel);    // and call metered.start, where there is one, with this budget
 *     try {
 *       instance.exports.run();                          // any number of exports: realloc, the call, post-return
 *       fuel.isOut()                                     // true: out of fuel, whatever was returned; discard the instance
 *     } catch (error) {
 *       fuel.explain(error, metered.offsets)             // fuel, stack, growth-failed or the guest's own trap; discard
 *     }
 *     fuel.used()
 *
 * A host function may charge more with `charge`, and must not begin anything where `isOut()`. It must never catch a trap of an
 * inner activation and throw something else: the outer guest's catch_all could catch that. An instance that trapped is dead.
 */

import { type OffsetMap, originalOffset, placeAt } from './offset-map.js';
import { FUEL_EXPORTS, RESERVED_MODULE, STATE } from './reserved.js';

/** Budgets are at most this, so that no charge can make the counter wrap around. */
export const MAX_BUDGET = 2 ** 62;

export type TrapKind =
  /** The budget is gone. */
  | 'fuel'
  /** The deterministic limit of the guest's stack, or (never seen so far) the engine's own. */
  | 'stack'
  /** The engine could not grow a memory or table although its maximum allows it: a fault of the host. */
  | 'growth-failed'
  /** A trap of the guest's own. */
  | 'guest'
  /** No trap: an exception of the guest that nobody caught, or an error that a host function threw. */
  | 'thrown';

export interface TrapReport {
  readonly kind: TrapKind;
  /**
   * What the call used, at most. Exact for the guest's own `unreachable` and for 'thrown'. For every other trap the counter was in
   * a register: then it is the whole budget, so that no loop that traps at its end is cheap.
   */
  readonly usedAtMost: number;
  readonly exact: boolean;
  /** A growth beyond the maximum was refused during this call: the reason why the guest trapped may be its memory limit. */
  readonly growthRefused: boolean;
  /** Frames of the guest, innermost first, with offsets of the original module. */
  readonly frames: readonly GuestFrame[];
}

export interface GuestFrame {
  readonly functionIndex: number;
  /** Byte offset in the original module; undefined in functions that metering added. */
  readonly offset: number | undefined;
}

export interface FuelGlobals {
  readonly left: WebAssembly.Global;
  readonly stack: WebAssembly.Global;
  readonly state: WebAssembly.Global;
}

/** The counter of one instance, or of several that share it. */
export class Fuel {
  readonly #globals: FuelGlobals;
  #budget = 0;

  constructor(globals: FuelGlobals) {
    this.#globals = globals;
  }

  /**
   * Sets the budget, before a call.
   * @param budget in units of fuel: at most MAX_BUDGET; exact up to 2^53
   */
  begin(budget: number): void {
    this.#budget = Math.min(budget, MAX_BUDGET);
    this.#globals.left.value = BigInt(this.#budget);
  }

  /** What is left; negative when more was used than there was. */
  left(): number {
    return Number(this.#globals.left.value as bigint);
  }

  used(): number {
    return this.#budget - this.left();
  }

  isOut(): boolean {
    return this.left() < 0;
  }

  /** Takes from the budget during a host call, for the work that the host does. */
  charge(amount: number): void {
    this.#globals.left.value = (this.#globals.left.value as bigint) - BigInt(amount);
  }

  /** What an error that came out of a call means. The instance must not be called again. */
  explain(error: unknown, offsets: OffsetMap): TrapReport {
    const state = this.#globals.state.value as number;
    const growthRefused = (state & STATE.growthRefused) !== 0;
    const positions = wasmPositions(error);
    const frames = positions.map(({ functionIndex, position }) => ({
      functionIndex,
      offset: originalOffset(offsets, position),
    }));
    const kind = this.#kindOf(error, positions[0]?.position, offsets);
    const stored = kind === 'thrown' || (kind === 'guest' && topPlace(positions, offsets) === 'guest-exact');
    const exact = stored && !this.isOut();
    return { kind, growthRefused, frames, exact, usedAtMost: exact ? this.used() : this.#budget };
  }

  #kindOf(error: unknown, position: number | undefined, offsets: OffsetMap): TrapKind {
    if (this.isOut()) return 'fuel';
    if (error instanceof RangeError) return 'stack';
    if (!(error instanceof WebAssembly.RuntimeError)) return 'thrown';
    if (((this.#globals.state.value as number) & STATE.growthFailed) !== 0) return 'growth-failed';
    const place = position === undefined ? undefined : placeAt(offsets, position);
    if (place === 'fuel-check') return 'fuel';
    if (place === 'stack-check') return 'stack';
    return 'guest';
  }
}

function topPlace(positions: readonly WasmPosition[], offsets: OffsetMap): string | undefined {
  const first = positions[0];
  return first === undefined ? undefined : placeAt(offsets, first.position);
}

/** The counter of an instance of a module with globals of its own. */
export function fuelOf(exports: WebAssembly.Exports): Fuel {
  return new Fuel({
    left: exports[FUEL_EXPORTS.left] as WebAssembly.Global,
    stack: exports[FUEL_EXPORTS.stack] as WebAssembly.Global,
    state: exports[FUEL_EXPORTS.state] as WebAssembly.Global,
  });
}

/** A counter for several modules that were metered with imported globals, and what each is to import. */
export function shareFuel(stackBytes: number): { fuel: Fuel; imports: WebAssembly.Imports } {
  const globals: FuelGlobals = {
    left: new WebAssembly.Global({ value: 'i64', mutable: true }, 0n),
    stack: new WebAssembly.Global({ value: 'i32', mutable: true }, stackBytes),
    state: new WebAssembly.Global({ value: 'i32', mutable: true }, 0),
  };
  return { fuel: new Fuel(globals), imports: { [RESERVED_MODULE]: { ...globals } } };
}

interface WasmPosition {
  readonly functionIndex: number;
  readonly position: number;
}

/** The part of V8's CallSite that is used. */
interface CallSite {
  getFunctionName(): string | null;
  getPosition(): number;
  getScriptNameOrSourceURL?(): string | null;
  getFileName(): string | null;
  isNative(): boolean;
  toString(): string;
}

/**
 * The positions of WebAssembly frames in an error's stack. They are taken from V8's call sites, not from the stack's text: the text
 * holds function names, which the guest chooses. Empty where the text was made already.
 */
function wasmPositions(error: unknown): WasmPosition[] {
  if (!(error instanceof Error)) return [];
  let positions: WasmPosition[] = [];
  const holder = Error as unknown as { prepareStackTrace?: unknown };
  const previous = holder.prepareStackTrace;
  holder.prepareStackTrace = (_: unknown, sites: CallSite[]): string => {
    positions = sites.flatMap(positionOf);
    return '';
  };
  try {
    void error.stack;
  } finally {
    holder.prepareStackTrace = previous;
  }
  return positions;
}

/** A call site prints as `name (wasm://…:wasm-function[3]:0x1a)`; only what stands behind the last `wasm-function[` counts. */
function positionOf(site: CallSite): WasmPosition[] {
  const match = /:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/.exec(site.toString());
  if (match === null) return [];
  return [{ functionIndex: Number(match[1]), position: Number.parseInt(match[2] as string, 16) }];
}
