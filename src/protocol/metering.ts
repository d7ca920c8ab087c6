/** What passes between the main thread and the thread that meters a module. */
import type { Reason } from '../errors.js';

export interface MeterOrder {
  /** A valid, bounded module. */
  bytes: Uint8Array;
  /** The deterministic limit on the guest's stack. */
  stackBytes: number;
}

/** Which byte of the original module a byte of the metered one stands for: see `wasm/fuel/offset-map.ts`. */
export interface Offsets {
  metered: Uint32Array;
  original: Uint32Array;
}

export type MeterAnswer =
  | { ok: true; bytes: Uint8Array; start: string | undefined; instantiationFuel: number; offsets: Offsets }
  | { ok: false; reason: Reason; message: string; fault: string | undefined };
