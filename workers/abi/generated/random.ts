// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';

/** Random numbers. Without the permission SystemRandom they come from a stream that is seeded per instance. */
export interface Random {
  /** At most 65,536 bytes a call; a longer request is answered with 65,536. */
  bytes(length: number): Uint8Array;
  /** 64 random bits. */
  next(): bigint;
}

/** The core functions of `hal9:plugin/random@0.1.0`, answered by `service`. */
export function serveRandom(guest: GuestCore, service: Random): CoreFunctions {
  return {
    bytes: (p0: number, p1: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p1, 8, 4);
        const answer = service.bytes(p0 >>> 0);
        guest.storePair(at, guest.lower(answer), answer.length);
      } catch (error) {
        throw guest.failed(error);
      }
    },
    next: (): bigint => {
      guest.enterHost();
      try {
        return service.next();
      } catch (error) {
        throw guest.failed(error);
      }
    },
  };
}
