/**
 * From the module that a package brings to one that a worker may instantiate: read, checked against the contract, bounded,
 * compiled. What does not depend on the manifest is done once per module and memory limit, and cached on disk.
 */

import { createHash } from 'node:crypto';
import { HostError } from '../errors.js';
import { GUEST_LIMITS, MODULE_LIMITS } from '../limits.js';
import { checkHostVersion } from '../package/host-version.js';
import type { Manifest } from '../package/manifest.js';
import type { Offsets } from '../protocol/bind.js';
import { CONTRACT_PACKAGE, CONTRACT_VERSION, INTERFACES } from '../protocol/contract.js';
import { stands } from '../protocol/defences.js';
import { PREVIEW1 } from '../protocol/preview1.js';
import { FUEL_VERSION } from '../wasm/fuel/weights.js';
import { limitModule } from '../wasm/limit.js';
import { readModule } from '../wasm/module.js';
import { checkCapabilitiesImplemented, checkExportsFit } from './capabilities.js';
import { checkModule, type ModuleFacts } from './check.js';
import { IMPLEMENTED } from './implemented.js';
import { meterAside } from './meter-aside.js';
import { type CachedModule, readCached, shareOffsets, writeCached } from './prepared-entry.js';
import { Semaphore } from './semaphore.js';

/** What a 32-bit memory can have. */
const MAX_MEMORY_BYTES = 2 ** 32;
/** Without its defence a guest's stack grows until the thread's ends. */
const UNBOUNDED_STACK_BYTES = 2 ** 31 - 1;

/** To be raised whenever the same module would be prepared in another way than before. Tables and limits count by themselves. */
export const PIPELINE_VERSION = 5;

/** What is prepared: `PackageContents` has the module at hand, a `StoredPackage` can load it. */
export type PrepareSource =
  | { readonly manifest: Manifest; readonly wasmDigest: string; readonly wasm: Uint8Array }
  | { readonly manifest: Manifest; readonly wasmDigest: string; load(): Promise<{ readonly wasm: Uint8Array }> };

/** Where prepared modules are kept; see `PreparedCache`. */
export interface ModuleCache {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, bytes: Uint8Array): Promise<void>;
}

/** The same cache, to which nothing is added: for a package that is only looked at. */
export function readingOnly(cache: ModuleCache): ModuleCache {
  return { get: (key) => cache.get(key), put: () => Promise.resolve() };
}

/** What is kept with the prepared bytes, so that a hit need not read them. */
export interface PreparedFacts extends ModuleFacts {
  /** All memories together, as written into the module. */
  readonly memory: { readonly initialBytes: number; readonly maximumBytes: number };
  /** Length of the module as brought. */
  readonly moduleBytes: number;
  /** How its fuel is counted: see `wasm/fuel/meter.ts`. */
  readonly metering: { readonly start?: string; readonly instantiationFuel: number };
}

export interface PreparedModule extends PreparedFacts {
  /** Compiled. Posting it to a worker shares its code. */
  readonly module: WebAssembly.Module;
  /** Which byte of the module as brought a byte of the prepared one stands for; in shared memory. */
  readonly offsets: Offsets;
  /** Length of the module as prepared. */
  readonly preparedBytes: number;
  /** What it is cached under. */
  readonly cacheKey: string;
}

export interface PreparerOptions {
  readonly cache: ModuleCache;
  /** A version as of semver.org, held against the manifest's min_hal9_version. */
  readonly hostVersion: string;
  /** Called for each module that the cache did not have. */
  readonly prepared?: () => void;
}

export class Preparer {
  readonly #cache: ModuleCache;
  readonly #hostVersion: string;
  readonly #compiles = new Semaphore(MODULE_LIMITS.maxConcurrentCompiles);
  readonly #meters = new Semaphore(MODULE_LIMITS.maxConcurrentMeters);
  readonly #prepared: () => void;
  #prepares = 0;

  constructor(options: PreparerOptions) {
    this.#cache = options.cache;
    this.#hostVersion = options.hostVersion;
    this.#prepared = options.prepared ?? (() => undefined);
  }

  /** How many modules were read, checked and rewritten: those that the cache did not have. */
  get prepares(): number {
    return this.#prepares;
  }

  /**
   * Prepares a package's module, or takes it from the cache.
   * @throws HostError MODULE_INVALID, MODULE_LIMIT, CONTRACT_VERSION, NOT_IMPLEMENTED, MANIFEST_INVALID
   */
  async prepare(source: PrepareSource): Promise<PreparedModule> {
    const { manifest } = source;
    checkHostVersion(manifest, this.#hostVersion);
    checkCapabilitiesImplemented(manifest);
    const cacheKey = cacheKeyOf(source);
    const hit = readCached(await this.#cache.get(cacheKey));
    if (hit !== undefined) {
      // The facts are the module's; whether they fit is this manifest's business, each time.
      checkExportsFit(manifest, hit.facts.exports);
      const { offsets, bytes } = hit;
      return { ...hit.facts, module: await this.#compile(bytes), offsets, preparedBytes: bytes.length, cacheKey };
    }
    const made = await this.#make(source);
    const { facts, offsets, bytes } = made;
    const module = await this.#compile(bytes);
    await this.#cache.put(cacheKey, writeCached(made));
    return { ...facts, module, offsets: shareOffsets(offsets), preparedBytes: bytes.length, cacheKey };
  }

  /** The original is validated before it is changed: an index out of range could come to name something that was added. */
  async #make(source: PrepareSource): Promise<CachedModule> {
    this.#prepares++;
    this.#prepared();
    const original = 'wasm' in source ? source.wasm : (await source.load()).wasm;
    const module = readModule(original);
    const checked = checkModule(module);
    checkExportsFit(source.manifest, checked.exports);
    await this.#compile(original);
    const limited = limitModule(module, stands('memory-cap') ? memoryLimitBytes(source.manifest) : MAX_MEMORY_BYTES);
    const { bytes, offsets, start, instantiationFuel } = await this.#meters.run(() =>
      meterAside({
        bytes: limited.bytes,
        codeShiftBytes: limited.codeShiftBytes,
        stackBytes: stands('stack-cap') ? GUEST_LIMITS.guestStackBytes : UNBOUNDED_STACK_BYTES,
      }),
    );
    const memory = { initialBytes: limited.initialMemoryBytes, maximumBytes: limited.maximumMemoryBytes };
    const metering = start === undefined ? { instantiationFuel } : { start, instantiationFuel };
    return { facts: { ...checked, memory, moduleBytes: original.length, metering }, offsets, bytes };
  }

  /** Asynchronously, so that a module that is slow to compile holds up nothing else. */
  #compile(bytes: Uint8Array): Promise<WebAssembly.Module> {
    return this.#compiles.run(async () => {
      try {
        return await WebAssembly.compile(bytes);
      } catch (error) {
        if (!(error instanceof WebAssembly.CompileError)) throw error;
        // The engine's message is about the module alone: the function, the byte, what it expected.
        const message = error.message.replace(/^WebAssembly\.compile\(\): /, '').slice(0, 300);
        throw new HostError(
          'MODULE_INVALID',
          `the WebAssembly module is not valid, or uses a feature that this engine lacks: ${message}`,
          { cause: error },
        );
      }
    });
  }
}

/** What all memories of the plugin may have together. */
export function memoryLimitBytes(manifest: Manifest): number {
  const megabytes = manifest.metadata.requirements.max_memory_mb;
  return megabytes === undefined ? GUEST_LIMITS.defaultMemoryBytes : megabytes * 1_048_576;
}

/** Names what is cached by everything that it depends on: the module, the limit, and the pipeline with its tables. */
export function cacheKeyOf(source: { readonly manifest: Manifest; readonly wasmDigest: string }): string {
  const limit = memoryLimitBytes(source.manifest);
  return createHash('sha256').update(`${PIPELINE} ${source.wasmDigest} ${limit}`).digest('hex');
}

const PIPELINE = createHash('sha256')
  .update(
    JSON.stringify([
      PIPELINE_VERSION,
      FUEL_VERSION,
      GUEST_LIMITS.guestStackBytes,
      CONTRACT_PACKAGE,
      CONTRACT_VERSION,
      INTERFACES,
      [...PREVIEW1],
      [...IMPLEMENTED.exports],
      [...IMPLEMENTED.imports],
      MODULE_LIMITS,
    ]),
  )
  .digest('hex');
