/** Metering as an order and its answer: plain data, for the thread that does the work and the one that waits. */

import { HostError, type Reason } from '../../errors.js';
import { meter } from './meter.js';
import type { OffsetMap } from './offset-map.js';

export interface MeterOrder {
  /** A valid, bounded module. */
  bytes: Uint8Array;
  /** The deterministic limit on the guest's stack. */
  stackBytes: number;
}

export type MeterAnswer =
  | { ok: true; bytes: Uint8Array; start: string | undefined; instantiationFuel: number; offsets: OffsetMap }
  | { ok: false; reason: Reason; message: string; fault: string | undefined };

/** Meters a module that the engine has validated; what was changed since are maxima. */
export function carryOut({ bytes, stackBytes }: MeterOrder): MeterAnswer {
  try {
    const { bytes: metered, start, instantiationFuel, offsets } = meter(bytes, { stackBytes, validate: () => true });
    return { ok: true, bytes: metered, start, instantiationFuel, offsets };
  } catch (error) {
    const { reason, message, cause } = HostError.from(error);
    return { ok: false, reason, message, fault: reason === 'INTERNAL' ? String(cause) : undefined };
  }
}
