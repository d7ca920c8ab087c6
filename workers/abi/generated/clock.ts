// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';

/** Time. Without the permission SystemTime it stands at the start of the call. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): bigint;
  /** Nanoseconds since an unspecified moment of this instance; never goes back. */
  monotonic(): bigint;
}

/** The core functions of `hal9:plugin/clock@0.1.0`, answered by `service`. */
export function serveClock(guest: GuestCore, service: Clock): CoreFunctions {
  return {
    now: (): bigint => {
      guest.enterHost();
      try {
        return service.now();
      } catch (error) {
        throw guest.failed(error);
      }
    },
    monotonic: (): bigint => {
      guest.enterHost();
      try {
        return service.monotonic();
      } catch (error) {
        throw guest.failed(error);
      }
    },
  };
}
