import { Broker } from '../host/broker.js';
import { immediately } from '../host/memory/immediate-store.js';
import { VolatileMemory } from '../host/memory/volatile-memory.js';
import { Rates } from '../host/rates.js';
import { hostServices } from '../host/services.js';
import type { HostCalls } from '../host/session.js';
import type { Permission } from '../permissions.js';
import { mayConnect } from '../sandbox/network/may-connect.js';
import { permits } from '../sandbox/permitted.js';

/**
 * The host of one run: a memory that is empty at first and gone afterwards, and what the plugin asks for is granted. Rates are not
 * bounded, since what they refuse would depend on how fast this machine is.
 * @param onTried is told of each permission that the plugin needs for what it asks of its host
 */
export function localHost(
  pluginId: string,
  asked: readonly Permission[],
  onTried: (permission: Permission) => void,
): HostCalls {
  const sheet = { asked, granted: asked, denied: [] };
  let nowMs = 0;
  const mayUse = (permission: Permission): boolean => {
    onTried(permission);
    return permits(sheet, permission);
  };
  const rates = new Rates(() => (nowMs += 60_000));
  return new Broker({
    services: hostServices({
      pluginId,
      memory: immediately(new VolatileMemory()),
      rights: { mayUse, mayConnect: (connection) => mayConnect(sheet, connection) },
      rates,
    }),
    mayUse,
    rates,
    observer: { decided: () => {}, failed: () => {} },
  });
}
