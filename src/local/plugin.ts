import { HostError } from '../errors.js';
import type { HostCalls } from '../host/session.js';
import { DEFAULT_LIMITS } from '../limits/plugin-limits.js';
import { printable } from '../observe/printable.js';
import type { PackageContents } from '../package/contents.js';
import { filesInMemory } from '../package/package-files.js';
import { readPackage } from '../package/read.js';
import { loadAssets } from '../plugin/asset-image.js';
import { bindingOf } from '../plugin/binding.js';
import { type ModuleCache, memoryLimitBytes, Preparer } from '../prepare/prepare.js';
import type { GuestGrants } from '../protocol/bind.js';
import type { LocalOrder } from '../protocol/local.js';
import { demangle } from '../wasm/demangle/demangle.js';
import { beforeShift } from '../wasm/fuel/offset-map.js';
import { readFunctionNames } from '../wasm/function-names.js';
import { limitModule } from '../wasm/limit.js';
import { readModule } from '../wasm/module.js';
import { instrument } from '../wasm/profile/instrument.js';
import { type LocalObserver, localHost } from './host.js';

type Binding = LocalOrder['binding'];

/** So that each run is like the one before: the clock stands, random numbers are always the same. */
const NOTHING_GRANTED: GuestGrants = { time: false, random: false, env: {} };

/** A package that was read and prepared as a server does it, to be run here. */
export class LocalPlugin {
  readonly contents: PackageContents;
  /** The module as the server runs it. */
  readonly metered: Binding;
  #profiled: Promise<Binding> | undefined;

  private constructor(contents: PackageContents, metered: Binding) {
    this.contents = contents;
    this.metered = metered;
  }

  /**
   * @param config one JSON object as text
   * @throws HostError as an installation does
   */
  static async open(bytes: Uint8Array, options: { config: string; hostVersion: string }): Promise<LocalPlugin> {
    const contents = await readPackage(bytes);
    const preparer = new Preparer({ cache: NO_CACHE, hostVersion: options.hostVersion });
    const prepared = await preparer.prepare(contents);
    const { config, hostVersion } = options;
    const binding = bindingOf(contents.manifest, prepared, config, hostVersion, NOTHING_GRANTED, DEFAULT_LIMITS);
    const assets = await loadAssets(contents.manifest, filesInMemory(bytes, contents));
    return new LocalPlugin(contents, { ...binding, assets });
  }

  /** The host of one run: see `localHost`. */
  host(observer: LocalObserver = {}): HostCalls {
    return localHost(this.contents.manifest, observer);
  }

  /** The module made so that it can be profiled, with the same limits. */
  profiled(): Promise<Binding> {
    this.#profiled ??= this.#instrument();
    return this.#profiled;
  }

  /** Names of functions by their index, as they stand in the source, else as they are exported; safe to print, since they are the guest's. */
  functionNames(): Map<number, string> {
    const [section] = WebAssembly.Module.customSections(this.metered.module, 'name');
    const names = section === undefined ? new Map<number, string>() : readFunctionNames(new Uint8Array(section));
    for (const [index, name] of names) names.set(index, printable(demangle(name)));
    for (const { kind, index, name } of readModule(this.contents.wasm).exports) {
      if (kind === 'function' && !names.has(index)) names.set(index, printable(demangle(name)));
    }
    return names;
  }

  async #instrument(): Promise<Binding> {
    const { manifest, wasm } = this.contents;
    const limited = limitModule(readModule(wasm), memoryLimitBytes(manifest));
    const { bytes, start, offsets: profiled } = instrument(limited.bytes);
    const offsets = beforeShift(profiled, limited.codeShiftBytes);
    const { metering } = this.metered;
    if (metering === undefined) throw new Error('the module was not metered');
    const module = await WebAssembly.compile(bytes).catch((error: unknown) => {
      throw new HostError('MODULE_LIMIT', `the module is too large to profile: ${String(error)}`);
    });
    return { ...this.metered, module, metering: { ...metering, start, offsets } };
  }
}

/** Nothing is kept of a plugin that is looked at or run here. */
export const NO_CACHE: ModuleCache = {
  get: () => Promise.resolve(undefined),
  put: () => Promise.resolve(),
};
