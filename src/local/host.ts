import { Broker } from '../host/broker.js';
import { immediately } from '../host/memory/immediate-store.js';
import { VolatileMemory } from '../host/memory/volatile-memory.js';
import type { Emission } from '../host/messages/signal-calls.js';
import { Rates } from '../host/rates.js';
import type { Rights } from '../host/service.js';
import { hostServices, type OthersInService } from '../host/services.js';
import type { HostCalls } from '../host/session.js';
import type { Manifest } from '../package/manifest.js';
import type { Permission } from '../permissions.js';
import { neuronOffers } from '../plugin/offers.js';
import { fileRights } from '../sandbox/file-rights.js';
import { mayConnect } from '../sandbox/network/may-connect.js';
import { permits } from '../sandbox/permitted.js';

/** What the host of a local run tells. */
export interface LocalObserver {
  /** A permission that the plugin needs for what it asks of its host. */
  tried?(permission: Permission): void;
  /** A signal that it sent, once the call has ended with an answer. */
  sent?(emission: Emission): void;
}

/**
 * The host of one run: a memory that is empty at first and gone afterwards, no other plugins, and what the plugin asks for is
 * granted. Rates are not bounded, since what they refuse would depend on how fast this machine is.
 */
export function localHost(manifest: Manifest, observer: LocalObserver): HostCalls {
  const { id, name, requirements } = manifest.metadata;
  const asked = requirements.required_permissions;
  const sheet = { asked, granted: asked, denied: [] };
  let nowMs = 0;
  const has = (permission: Permission): boolean => permits(sheet, permission);
  const mayUse = (permission: Permission): boolean => {
    observer.tried?.(permission);
    return has(permission);
  };
  const rates = new Rates(() => (nowMs += 60_000));
  const files = fileRights(sheet, (permission) => observer.tried?.(permission));
  const rights: Rights = { mayUse, has, mayConnect: (connection) => mayConnect(sheet, connection), files };
  return new Broker({
    services: hostServices({
      self: { id, name },
      memory: immediately(new VolatileMemory()),
      rights,
      rates,
      others: nobodyElse(manifest, observer),
    }),
    rights,
    rates,
    observer: { decided: () => {}, limited: () => {}, failed: () => {} },
  });
}

function nobodyElse(manifest: Manifest, { sent }: LocalObserver): OthersInService {
  return {
    layersOf: () => neuronOffers(manifest).map(({ layer }) => layer),
    receivers: () => [],
    deliver(emission) {
      sent?.(emission);
      return 'nobody';
    },
    find: () => undefined,
    call: () => Promise.reject(new Error('there is no other plugin in a local run')),
  };
}
