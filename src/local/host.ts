import { Broker } from '../host/broker.js';
import { immediately } from '../host/memory/immediate-store.js';
import { VolatileMemory } from '../host/memory/volatile-memory.js';
import type { HostCalls } from '../host/session.js';
import type { Permission } from '../package/permissions.js';

/**
 * The host of one run: a memory that is empty at first and gone afterwards, and what the plugin asks for is granted. Rates are not
 * bounded, since what they refuse would depend on how fast this machine is.
 */
export function localHost(pluginId: string, asked: readonly Permission[]): HostCalls {
  const permitted = new Set(asked.map((permission) => JSON.stringify(permission)));
  let nowMs = 0;
  return new Broker({
    pluginId,
    memory: immediately(new VolatileMemory()),
    mayUse: (permission) => permitted.has(JSON.stringify(permission)),
    observer: { decided: () => {}, failed: () => {} },
    nowMs: () => (nowMs += 60_000),
  });
}
