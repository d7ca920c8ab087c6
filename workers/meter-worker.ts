/**
 * The entry of the thread that meters one module and ends: rewriting takes as long as the module is large, which is too
 * long for the main thread. What it reads has been checked and bounded there.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { HostError } from '../src/errors.js';
import type { MeterAnswer, MeterOrder } from '../src/protocol/metering.js';
import { meter } from '../src/wasm/fuel/meter.js';

function carryOut({ bytes, stackBytes }: MeterOrder): MeterAnswer {
  try {
    // The engine has validated the original, and what was changed since are maxima.
    const metered = meter(bytes, { stackBytes, validate: () => true });
    const { start, instantiationFuel, offsets } = metered;
    return { ok: true, bytes: metered.bytes, start, instantiationFuel, offsets };
  } catch (error) {
    const { reason, message, cause } = HostError.from(error);
    return { ok: false, reason, message, fault: reason === 'INTERNAL' ? String(cause) : undefined };
  }
}

parentPort?.postMessage(carryOut(workerData as MeterOrder));
