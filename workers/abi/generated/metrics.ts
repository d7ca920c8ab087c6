// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';

export interface Label {
  name: Uint8Array;
  value: Uint8Array;
}

/**
 * The plugin's own metrics, exported as `hal9_reported_…` with the plugin's id. The number of names
 * and of label combinations is bounded; what goes beyond is dropped and counted.
 */
export interface Metrics {
  /** Adds to a counter; negative or non-finite amounts are dropped. */
  increment(name: Uint8Array, amount: number, labels: Label[]): void;
  /** Sets a gauge. */
  set(name: Uint8Array, value: number, labels: Label[]): void;
  /** Puts an observation into a histogram. */
  observe(name: Uint8Array, value: number, labels: Label[]): void;
}

/** The core functions of `hal9:plugin/metrics@0.1.0`, answered by `service`. */
export function serveMetrics(guest: GuestCore, service: Metrics): CoreFunctions {
  return {
    increment: (p0: number, p1: number, p2: number, p3: number, p4: number): void => {
      guest.enterHost();
      try {
        service.increment(guest.string(p0, p1), p2, liftListOfLabel(guest, p3, p4));
      } catch (error) {
        throw guest.failed(error);
      }
    },
    set: (p0: number, p1: number, p2: number, p3: number, p4: number): void => {
      guest.enterHost();
      try {
        service.set(guest.string(p0, p1), p2, liftListOfLabel(guest, p3, p4));
      } catch (error) {
        throw guest.failed(error);
      }
    },
    observe: (p0: number, p1: number, p2: number, p3: number, p4: number): void => {
      guest.enterHost();
      try {
        service.observe(guest.string(p0, p1), p2, liftListOfLabel(guest, p3, p4));
      } catch (error) {
        throw guest.failed(error);
      }
    },
  };
}

function liftListOfLabel(guest: GuestCore, pointer: number, length: number): Label[] {
  const start = guest.list(pointer, length, 16, 4, 2);
  const end = start + (length >>> 0) * 16;
  const values: Label[] = [];
  for (let at = start; at < end; at += 16) values.push(liftLabel(guest, at));
  return values;
}

export function liftLabel(guest: GuestCore, at: number): Label {
  return {
    name: guest.string(guest.view.getUint32(at, true), guest.view.getUint32(at + 4, true)),
    value: guest.string(guest.view.getUint32(at + 8, true), guest.view.getUint32(at + 12, true)),
  };
}
