/** Metering as an order and its answer: plain data, for the thread that does the work and the one that waits. */

import { HostError, type Reason } from '../../errors.js';
import { meter } from './meter.js';
import { beforeShift, type OffsetMap } from './offset-map.js';

export interface MeterOrder {
  /** A valid, bounded module. */
  bytes: Uint8Array;
  /** The deterministic limit on the guest's stack. */
  stackBytes: number;
  /** How much further back its code stands than in the module as brought, whose offsets are wanted. */
  codeShiftBytes: number;
}

export type MeterAnswer =
  | { ok: true; bytes: Uint8Array; start: string | undefined; instantiationFuel: number; offsets: OffsetMap }
  | { ok: false; reason: Reason; message: string; fault: string | undefined };

/** Meters a module that the engine has validated; what was changed since are maxima. */
export function carryOut({ bytes, stackBytes, codeShiftBytes }: MeterOrder): MeterAnswer {
  try {
    const { bytes: metered, start, instantiationFuel, offsets } = meter(bytes, { stackBytes, validate: () => true });
    return { ok: true, bytes: metered, start, instantiationFuel, offsets: beforeShift(offsets, codeShiftBytes) };
  } catch (error) {
    const { reason, message, cause } = HostError.from(error);
    return { ok: false, reason, message, fault: reason === 'INTERNAL' ? String(cause) : undefined };
  }
}
