import type { BindFailedMessage, BindMessage, FromWorker } from '../src/protocol/bind.js';
import { type Guest, instantiate, type MakeMeter, OutOfFuel, type PluginError, type Result } from './abi/guest.js';
import { describeFault } from './calls/fault.js';
import { Reports } from './host/reports.js';

/** A guest that took its first calls, and what it reports to the host. */
export interface Loaded {
  guest: Guest;
  reports: Reports;
}

export type LoadResult =
  | { ok: true; loaded: Loaded }
  | { ok: false; cause: BindFailedMessage['cause']; message: string };

/** What is given from outside where each run is to be like the one before; the server gives none of it. */
export interface World {
  /** Of random numbers, where they are not granted: 4 words. */
  seed?: Uint32Array;
  /** The moment at which calls begin, in milliseconds since the Unix epoch. */
  nowMs?: () => number;
  makeMeter?: MakeMeter;
}

const encoder = new TextEncoder();

/** Instantiates the module and calls the plugin's `load` and `activate`, where it has them. */
export function load(binding: BindMessage, post: (message: FromWorker) => void, world: World = {}): LoadResult {
  const reports = new Reports(binding, post, world.seed);
  const nowMs = world.nowMs ?? Date.now;
  try {
    const guest = instantiate(binding.module, {
      exports: binding.exports,
      bounds: binding.limits,
      grants: binding.grants,
      host: reports.services,
      metering: binding.metering,
      makeMeter: world.makeMeter,
      nowMs: nowMs(),
    });
    const refusal = start(guest, binding, nowMs);
    if (guest.outOfFuel) throw new OutOfFuel();
    reports.flush(refusal !== undefined);
    if (refusal !== undefined) return { ok: false, cause: 'plugin-error', message: refusal };
    return { ok: true, loaded: { guest, reports } };
  } catch (error) {
    const fault = describeFault(error);
    if (fault.internal !== undefined) reports.hostLine('error', fault.internal);
    reports.flush(true);
    return { ok: false, cause: fault.type, message: fault.message };
  }
}

/** Calls `deactivate` and `unload`; returns what the guest threw, which changes nothing. */
export function unload(guest: Guest): unknown {
  try {
    guest.beginCall(Date.now());
    guest.lifecycle?.deactivate();
    guest.beginCall(Date.now());
    guest.lifecycle?.unload();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The plugin's own words when it says no. */
function start(guest: Guest, binding: BindMessage, nowMs: () => number): string | undefined {
  if (guest.lifecycle === undefined) return undefined;
  guest.beginCall(nowMs(), binding.metering?.loadFuel);
  const loaded = guest.lifecycle.load({
    pluginId: encoder.encode(binding.plugin.id),
    pluginVersion: encoder.encode(binding.plugin.version),
    hostVersion: encoder.encode(binding.hostVersion),
    config: encoder.encode(binding.config),
  });
  if (!loaded.ok) return refusalOf('load', loaded);
  if (guest.outOfFuel) throw new OutOfFuel();
  guest.beginCall(nowMs(), binding.metering?.loadFuel);
  const activated = guest.lifecycle.activate();
  return activated.ok ? undefined : refusalOf('activate', activated);
}

function refusalOf(step: string, result: Extract<Result<void>, { ok: false }>): string {
  const { message }: PluginError = result.error;
  return `${step}: ${Buffer.from(message).toString()}`;
}
