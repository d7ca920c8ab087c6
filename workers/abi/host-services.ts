import type { FileRoot } from './file-node.js';
import type { Clock } from './generated/clock.js';
import type { Config } from './generated/config.js';
import type { Http } from './generated/http.js';
import type { ImportedServices } from './generated/index.js';
import type { Logging } from './generated/logging.js';
import type { Memory } from './generated/memory.js';
import type { Metrics } from './generated/metrics.js';
import type { Plugins } from './generated/plugins.js';
import type { Random } from './generated/random.js';
import type { Signals } from './generated/signals.js';

/** Time as the contract and WASI both tell it. */
export interface HostClock extends Clock {
  /** A call starts: where time is not granted, or withheld from this call, this is the moment at which the clock stands. */
  beginCall(nowMs: number, withheld?: boolean): void;
  /** The guest waited for as long as it asked. */
  waited(nanoseconds: bigint): void;
}

/** Random numbers as the contract and WASI both give them. */
export interface HostRandom extends Random {
  /** A call starts, from which the system's numbers may be withheld. */
  beginCall(withheld?: boolean): void;
  fill(bytes: Uint8Array): void;
}

/** The fuel of the call under way. */
export interface CallFuel {
  readonly left: number;
  /** So much was used for this call elsewhere. */
  spend(fuel: number): void;
}

/**
 * What answers a guest's imports. The interfaces of the contract that are missing here are not offered. The bytes that a
 * function gets are valid until it returns: it copies what it keeps.
 */
export interface HostServices extends ImportedServices {
  readonly logging: Logging;
  readonly config: Config;
  readonly metrics: Metrics;
  readonly memory: Memory;
  readonly http: Http;
  readonly signals: Signals;
  readonly plugins: Plugins;
  readonly clock: HostClock;
  readonly random: HostRandom;
  /** The instance is there, and counts its fuel so. */
  metered(fuel: CallFuel): void;
  /** The guest reads the environment, all of it at a time. */
  environmentRead(): void;
  /** Directories that the guest finds. */
  readonly files: readonly FileRoot[];
  /** What the guest writes to WASI's standard output or error. The bytes are the guest's memory. */
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
}
