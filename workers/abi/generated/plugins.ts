// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { type PluginError, storePluginError } from './types.js';

/**
 * Tools of other plugins. Wants the permission PluginCall for each.
 *
 * The other plugin may do what both are permitted, and has the time and the fuel that this call has left: what it uses is taken
 * from this call. It must not be one that waits for this call itself.
 *
 * Errors, never traps: those of the other plugin as they are; permission-denied; invalid-input where there is no such plugin or tool,
 * for parameters that do not fit its declaration, and for a cycle; resource-exhausted, timeout and internal-error for a
 * call that was ended (`details` has the plugin, the outcome and the limit).
 */
export interface Plugins {
  /** Calls a tool of another plugin and waits. `parameters` and the answer are as in `tools.execute`. */
  callTool(pluginId: Uint8Array, tool: Uint8Array, parameters: Uint8Array): Result<Uint8Array, PluginError>;
}

/** The core functions of `hal9:plugin/plugins@0.1.0`, answered by `service`. */
export function servePlugins(guest: GuestCore, service: Plugins): CoreFunctions {
  return {
    'call-tool': (p0: number, p1: number, p2: number, p3: number, p4: number, p5: number, p6: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p6, 28, 4);
        const answer = service.callTool(guest.string(p0, p1), guest.string(p2, p3), guest.string(p4, p5));
        storeResultOfStringOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
  };
}

function storeResultOfStringOrPluginError(guest: GuestCore, at: number, value: Result<Uint8Array, PluginError>): void {
  guest.view.setUint8(at, value.ok ? 0 : 1);
  if (value.ok) {
    guest.storePair(at + 4, guest.lower(value.value), value.value.length);
  } else {
    storePluginError(guest, at + 4, value.error);
  }
}
