// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';

/** The plugin's configuration, as the operator gave it. */
export interface Config {
  /** The value of a top-level key as one JSON text, or none. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** The whole configuration: one JSON object as text. */
  getAll(): Uint8Array;
}

/** The core functions of `hal9:plugin/config@0.1.0`, answered by `service`. */
export function serveConfig(guest: GuestCore, service: Config): CoreFunctions {
  return {
    get: (p0: number, p1: number, p2: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p2, 12, 4);
        const answer = service.get(guest.string(p0, p1));
        storeOptionOfString(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
    'get-all': (p0: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p0, 8, 4);
        const answer = service.getAll();
        guest.storePair(at, guest.lower(answer), answer.length);
      } catch (error) {
        throw guest.failed(error);
      }
    },
  };
}

function storeOptionOfString(guest: GuestCore, at: number, value: Uint8Array | undefined): void {
  guest.view.setUint8(at, value === undefined ? 0 : 1);
  if (value !== undefined) {
    guest.storePair(at + 4, guest.lower(value), value.length);
  }
}
