/**
 * A live instance of a plugin's module, behind the bindings that were generated from our WIT. Nothing here is derived from what
 * the plugin brings: its imports and exports only select from what the contract has.
 */
import type { GuestBounds, GuestGrants, Metering } from '../../src/protocol/bind.js';
import { WITHHELD } from '../../src/protocol/calls.js';
import { stands } from '../../src/protocol/defences.js';
import { PREVIEW1_MODULE } from '../../src/protocol/preview1.js';
import type { TrapReport } from '../../src/wasm/fuel/runtime.js';
import { FuelMeter } from './fuel-meter.js';
import { type BoundExports, EXPORTS, IMPORTS } from './generated/index.js';
import { type CoreFunctions, GuestCore } from './guest-core.js';
import type { HostServices } from './host-services.js';
import { servePreview1 } from './preview1.js';
import { GuestViolation } from './violation.js';

export type { ApiExtension } from './generated/api-extension.js';
export type { Learning } from './generated/learning.js';
export type { Lifecycle } from './generated/lifecycle.js';
export type { MemoryProvider } from './generated/memory-provider.js';
export type { Neuron } from './generated/neuron.js';
export type { Tools } from './generated/tools.js';
export { ERROR_CODE_CASES, LAYER_CASES, type PluginError, type Signal } from './generated/types.js';
export type { HostClock, HostRandom, HostServices } from './host-services.js';
export type { Result } from './result.js';
export { GuestExit, GuestViolation, OutOfFuel, OutputLimitExceeded } from './violation.js';

/**
 * One live instance. Its interfaces are those that `instantiate` was asked to bind. Every function may throw GuestViolation,
 * OutputLimitExceeded, GuestExit, or what the engine throws when the guest traps; the instance is dead then, and each
 * later call throws.
 */
export interface Guest extends Readonly<BoundExports> {
  /** Current size of the guest's memory. */
  readonly memoryBytes: number;
  /** What the call under way, or the last one, has used; undefined for a module that was not metered. */
  readonly fuelUsed: number | undefined;
  /** Whether that is more than its budget: then the instance is to be discarded, whatever it answered. */
  readonly outOfFuel: boolean;
  /**
   * Before each call.
   * @param nowMs the moment, since the Unix epoch, at which the clock stands where time is not granted
   * @param fuel the call's budget; without bound by default
   * @param withheld see `WITHHELD` in `protocol/calls.ts`; nothing by default
   */
  beginCall(nowMs: number, fuel?: number, withheld?: number): void;
  /** What an error of the engine means; undefined for a module that was not metered. Its stack is looked at here first. */
  explain(error: unknown): TrapReport | undefined;
}

export interface InstantiateOptions {
  /** Interfaces of the contract that the module exports, for instance `neuron`. */
  readonly exports: readonly string[];
  readonly bounds: GuestBounds;
  readonly grants: GuestGrants;
  readonly host: HostServices;
  /** How the module counts its fuel; undefined for one that was not metered, which the server never runs. */
  readonly metering?: Metering | undefined;
  /** What counts it, where that is not what serves: the meter of a profiled module. */
  readonly makeMeter?: MakeMeter | undefined;
  /** The moment of instantiation, in milliseconds since the Unix epoch. */
  readonly nowMs?: number | undefined;
}

export type MakeMeter = (exports: WebAssembly.Exports, metering: Metering) => FuelMeter;

const makeFuelMeter: MakeMeter = (exports, metering) => new FuelMeter(exports, metering);

/**
 * Instantiates a module that was checked against the contract, and calls its `_initialize` where it has one.
 *
 * @throws GuestViolation when the module asks for, or lacks, something that the check would have refused
 * @throws whatever the guest's own start throws, as a call would
 */
export function instantiate(module: WebAssembly.Module, options: InstantiateOptions): Guest {
  const core = new GuestCore(options.bounds);
  const { metering, makeMeter = makeFuelMeter } = options;
  options.host.clock.beginCall(options.nowMs ?? Date.now(), false);
  const instance = new WebAssembly.Instance(module, importsOf(module, core, options));
  const meter = metering === undefined ? undefined : makeMeter(instance.exports, metering);
  core.attach(instance.exports, meter);
  if (meter !== undefined) options.host.metered(meter);
  if (metering !== undefined) start(instance, metering, meter);
  const initialize = instance.exports['_initialize'];
  if (typeof initialize === 'function') (initialize as () => void)();
  core.ready();
  const { clock, random } = options.host;
  const guest = {
    get memoryBytes(): number {
      return core.memoryBytes;
    },
    get fuelUsed(): number | undefined {
      return meter?.used;
    },
    get outOfFuel(): boolean {
      return meter?.isOut ?? false;
    },
    beginCall(nowMs: number, fuel = Number.MAX_SAFE_INTEGER, withheld = 0): void {
      clock.beginCall(nowMs, (withheld & WITHHELD.time) !== 0);
      random.beginCall((withheld & WITHHELD.random) !== 0);
      meter?.begin(fuel);
    },
    explain: (error: unknown): TrapReport | undefined => meter?.explain(error),
  };
  return Object.assign(guest, boundExports(core, options.exports));
}

/** A metered module's start function is an export, so that it is called with a budget. */
function start(instance: WebAssembly.Instance, metering: Metering, meter: FuelMeter | undefined): void {
  meter?.begin(metering.loadFuel - metering.instantiationFuel);
  if (metering.start === undefined) return;
  const run = instance.exports[metering.start];
  if (typeof run === 'function') (run as () => void)();
}

function boundExports(core: GuestCore, names: readonly string[]): BoundExports {
  const bound: BoundExports = {};
  for (const name of names) {
    const bind = EXPORTS.get(name);
    if (bind === undefined) throw new GuestViolation(`the contract has no interface "${name}" to export`);
    bind(core, bound);
  }
  return bound;
}

/** Only what the module imports, and only from what is offered; without prototypes, so that no name finds anything else. */
function importsOf(module: WebAssembly.Module, core: GuestCore, options: InstantiateOptions): WebAssembly.Imports {
  const offered = new Map<string, CoreFunctions | undefined>();
  const imports = Object.create(null) as WebAssembly.Imports;
  for (const wanted of WebAssembly.Module.imports(module)) {
    if (!offered.has(wanted.module)) offered.set(wanted.module, offer(wanted.module, core, options));
    const functions = offered.get(wanted.module);
    const isOffered = wanted.kind === 'function' && functions !== undefined && Object.hasOwn(functions, wanted.name);
    if (!isOffered && stands('offered-imports')) {
      throw new GuestViolation(`the host offers no ${wanted.kind} "${wanted.name}" in "${wanted.module}"`);
    }
    imports[wanted.module] ??= Object.create(null) as Record<string, unknown>;
    (imports[wanted.module] as Record<string, unknown>)[wanted.name] = functions?.[wanted.name];
  }
  return imports;
}

function offer(module: string, core: GuestCore, { grants, host }: InstantiateOptions): CoreFunctions | undefined {
  if (module === PREVIEW1_MODULE) return servePreview1(core, grants.env, host);
  return IMPORTS.get(module)?.(core, host);
}
