// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { liftPluginError, type PluginError } from './types.js';

/** Capability `ToolProvider`: one plugin, one or more named tools. */
export interface Tools {
  /**
   * Runs the tool named. `parameters` is one JSON object as text, which the host has already
   * validated against the manifest, defaults filled in. The answer is one JSON text.
   */
  execute(tool: Uint8Array, parameters: Uint8Array): Result<Uint8Array, PluginError>;
}

/** Binds the module's exports of `hal9:plugin/tools@0.1.0`. */
export function bindTools(guest: GuestCore): Tools {
  const callExecute = guest.function('hal9:plugin/tools@0.1.0#execute') as (
    p0: number,
    p1: number,
    p2: number,
    p3: number,
  ) => number;
  const postExecute = guest.postReturn('hal9:plugin/tools@0.1.0#execute');
  return {
    execute(tool, parameters) {
      guest.enter();
      const pointer = callExecute(guest.lower(tool), tool.length, guest.lower(parameters), parameters.length);
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfStringOrPluginError(guest, at);
      guest.leave(postExecute, pointer);
      return value;
    },
  };
}

function liftResultOfStringOrPluginError(guest: GuestCore, at: number): Result<Uint8Array, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: guest.string(guest.view.getUint32(at + 4, true), guest.view.getUint32(at + 8, true)) };
  }
  return { ok: false, error: liftPluginError(guest, at + 4) };
}
