// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';

/** A value is an index into this list. */
export const LEVEL_CASES = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** The plugin's log. Size and rate are capped; what is dropped is counted. */
export interface Logging {
  /** One line. The host adds plugin, version, call id and trace id. */
  log(level: number, message: Uint8Array): void;
}

/** The core functions of `hal9:plugin/logging@0.1.0`, answered by `service`. */
export function serveLogging(guest: GuestCore, service: Logging): CoreFunctions {
  return {
    log: (p0: number, p1: number, p2: number): void => {
      guest.enterHost();
      try {
        service.log(guest.oneOf(p0, 5, 'level'), guest.string(p1, p2));
      } catch (error) {
        throw guest.failed(error);
      }
    },
  };
}
