// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { liftPluginError, type PluginError } from './types.js';

/** What the plugin is told when it is loaded. */
export interface Context {
  /** The manifest's `metadata.id`. */
  pluginId: Uint8Array;
  /** The manifest's `metadata.version`. */
  pluginVersion: Uint8Array;
  /** Of the server, semver. */
  hostVersion: Uint8Array;
  /** The plugin's configuration: one JSON object as text, `{}` when the operator gave none. */
  config: Uint8Array;
}

/**
 * Every plugin may export this; the host calls it around the plugin's life.
 * A plugin that does not export it is loaded and unloaded without being told.
 */
export interface Lifecycle {
  /** The first call an instance gets, after its memory was set up. An error here ends the instance. */
  load(context: Context): Result<void, PluginError>;
  /** The plugin was put into service: calls follow. */
  activate(): Result<void, PluginError>;
  /** The plugin was taken out of service: no call follows until `activate`. */
  deactivate(): Result<void, PluginError>;
  /** The last call. The instance is thrown away whatever it answers. */
  unload(): Result<void, PluginError>;
  /** The operator changed the configuration: the new one, whole, as `context.config`. */
  updateConfig(config: Uint8Array): Result<void, PluginError>;
}

/** Binds the module's exports of `hal9:plugin/lifecycle@0.1.0`. */
export function bindLifecycle(guest: GuestCore): Lifecycle {
  const callLoad = guest.function('hal9:plugin/lifecycle@0.1.0#load') as (
    p0: number,
    p1: number,
    p2: number,
    p3: number,
    p4: number,
    p5: number,
    p6: number,
    p7: number,
  ) => number;
  const postLoad = guest.postReturn('hal9:plugin/lifecycle@0.1.0#load');
  const callActivate = guest.function('hal9:plugin/lifecycle@0.1.0#activate') as () => number;
  const postActivate = guest.postReturn('hal9:plugin/lifecycle@0.1.0#activate');
  const callDeactivate = guest.function('hal9:plugin/lifecycle@0.1.0#deactivate') as () => number;
  const postDeactivate = guest.postReturn('hal9:plugin/lifecycle@0.1.0#deactivate');
  const callUnload = guest.function('hal9:plugin/lifecycle@0.1.0#unload') as () => number;
  const postUnload = guest.postReturn('hal9:plugin/lifecycle@0.1.0#unload');
  const callUpdateConfig = guest.function('hal9:plugin/lifecycle@0.1.0#update-config') as (
    p0: number,
    p1: number,
  ) => number;
  const postUpdateConfig = guest.postReturn('hal9:plugin/lifecycle@0.1.0#update-config');
  return {
    load(context) {
      guest.enter();
      const pointer = callLoad(
        guest.lower(context.pluginId),
        context.pluginId.length,
        guest.lower(context.pluginVersion),
        context.pluginVersion.length,
        guest.lower(context.hostVersion),
        context.hostVersion.length,
        guest.lower(context.config),
        context.config.length,
      );
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfNothingOrPluginError(guest, at);
      guest.leave(postLoad, pointer);
      return value;
    },
    activate() {
      guest.enter();
      const pointer = callActivate();
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfNothingOrPluginError(guest, at);
      guest.leave(postActivate, pointer);
      return value;
    },
    deactivate() {
      guest.enter();
      const pointer = callDeactivate();
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfNothingOrPluginError(guest, at);
      guest.leave(postDeactivate, pointer);
      return value;
    },
    unload() {
      guest.enter();
      const pointer = callUnload();
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfNothingOrPluginError(guest, at);
      guest.leave(postUnload, pointer);
      return value;
    },
    updateConfig(config) {
      guest.enter();
      const pointer = callUpdateConfig(guest.lower(config), config.length);
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfNothingOrPluginError(guest, at);
      guest.leave(postUpdateConfig, pointer);
      return value;
    },
  };
}

function liftResultOfNothingOrPluginError(guest: GuestCore, at: number): Result<void, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: undefined };
  }
  return { ok: false, error: liftPluginError(guest, at + 4) };
}
