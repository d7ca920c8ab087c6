// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { type PluginError, type Signal, storePluginError } from './types.js';

/**
 * Signals that a plugin sends on its own. Wants the permission Hal9Signal.
 *
 * During `neuron.process` the adjacent layers are those above and below the layer of the signal that is processed; during
 * `tools.execute` those next to a layer that the plugin has a neuron for. All neurons of the layer get the signal, as one from
 * outside; but no plugin that the chain of signals came by before. What they answer goes nowhere. `source` becomes the id of the plugin
 * that sends it.
 *
 * Errors, never traps: permission-denied; invalid-input for a signal that is malformed, for a layer that is not adjacent, outside a
 * call, and where all neurons of the layer would close a loop (`details` names it); resource-exhausted for too many.
 */
export interface Signals {
  /** Sends a signal to an adjacent layer. It is delivered after this call has ended with an answer, and not at all otherwise. */
  emit(signal: Signal): Result<void, PluginError>;
}

/** The core functions of `hal9:plugin/signals@0.1.0`, answered by `service`. */
export function serveSignals(guest: GuestCore, service: Signals): CoreFunctions {
  return {
    emit: (
      p0: number,
      p1: number,
      p2: number,
      p3: number,
      p4: number,
      p5: number,
      p6: number,
      p7: number,
      p8: number,
      p9: number,
      p10: number,
      p11: bigint,
      p12: number,
    ): void => {
      guest.enterHost();
      try {
        const at = guest.area(p12, 28, 4);
        const answer = service.emit({
          id: guest.string(p0, p1),
          type: guest.string(p2, p3),
          layer: guest.oneOf(p4, 9, 'layer'),
          source: guest.string(p5, p6),
          content: guest.string(p7, p8),
          metadata: liftListOfTupleOfStringString(guest, p9, p10),
          timestamp: BigInt.asUintN(64, p11),
        });
        storeResultOfNothingOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
  };
}

function liftListOfTupleOfStringString(guest: GuestCore, pointer: number, length: number): [Uint8Array, Uint8Array][] {
  const start = guest.list(pointer, length, 16, 4, 2);
  const end = start + (length >>> 0) * 16;
  const values: [Uint8Array, Uint8Array][] = [];
  for (let at = start; at < end; at += 16) values.push(liftTupleOfStringString(guest, at));
  return values;
}

function liftTupleOfStringString(guest: GuestCore, at: number): [Uint8Array, Uint8Array] {
  return [
    guest.string(guest.view.getUint32(at, true), guest.view.getUint32(at + 4, true)),
    guest.string(guest.view.getUint32(at + 8, true), guest.view.getUint32(at + 12, true)),
  ];
}

function storeResultOfNothingOrPluginError(guest: GuestCore, at: number, value: Result<void, PluginError>): void {
  guest.view.setUint8(at, value.ok ? 0 : 1);
  if (!value.ok) {
    storePluginError(guest, at + 4, value.error);
  }
}
