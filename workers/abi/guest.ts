/**
 * A live instance of a plugin's module, behind the bindings that were generated from our WIT. Nothing here is derived from what
 * the plugin brings: its imports and exports only select from what the contract has.
 */
import type { GuestBounds, GuestGrants } from '../../src/protocol/bind.js';
import { PREVIEW1_MODULE } from '../../src/protocol/preview1.js';
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
export { GuestExit, GuestViolation, OutputLimitExceeded } from './violation.js';

/**
 * One live instance. Its interfaces are those that `instantiate` was asked to bind. Every function may throw GuestViolation,
 * OutputLimitExceeded, GuestExit, or what the engine throws when the guest traps; the instance is dead then, and each
 * later call throws.
 */
export interface Guest extends Readonly<BoundExports> {
  /** Current size of the guest's memory. */
  readonly memoryBytes: number;
  /** Before each call: the moment, in ms since the Unix epoch, at which the clock stands where time is not granted. */
  beginCall(nowMs: number): void;
}

export interface InstantiateOptions {
  /** Interfaces of the contract that the module exports, for instance `neuron`. */
  readonly exports: readonly string[];
  readonly bounds: GuestBounds;
  readonly grants: GuestGrants;
  readonly host: HostServices;
}

/**
 * Instantiates a module that was checked against the contract, and calls its `_initialize` where it has one.
 *
 * @throws GuestViolation when the module asks for, or lacks, something that the check would have refused
 * @throws whatever the guest's own start throws, as a call would
 */
export function instantiate(module: WebAssembly.Module, options: InstantiateOptions): Guest {
  const core = new GuestCore(options.bounds);
  options.host.clock.beginCall(Date.now());
  const instance = new WebAssembly.Instance(module, importsOf(module, core, options));
  core.attach(instance.exports);
  const initialize = instance.exports['_initialize'];
  if (typeof initialize === 'function') (initialize as () => void)();
  core.ready();
  const { clock } = options.host;
  const guest = {
    get memoryBytes(): number {
      return core.memoryBytes;
    },
    beginCall: (nowMs: number): void => clock.beginCall(nowMs),
  };
  return Object.assign(guest, boundExports(core, options.exports));
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
    if (wanted.kind !== 'function' || functions === undefined || !Object.hasOwn(functions, wanted.name)) {
      throw new GuestViolation(`the host offers no ${wanted.kind} "${wanted.name}" in "${wanted.module}"`);
    }
    imports[wanted.module] ??= Object.create(null) as Record<string, unknown>;
    (imports[wanted.module] as Record<string, unknown>)[wanted.name] = functions[wanted.name];
  }
  return imports;
}

function offer(module: string, core: GuestCore, { grants, host }: InstantiateOptions): CoreFunctions | undefined {
  if (module === PREVIEW1_MODULE) return servePreview1(core, grants.env, host);
  return IMPORTS.get(module)?.(core, host);
}
