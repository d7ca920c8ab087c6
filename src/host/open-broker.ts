import type { Log } from '../observe/log.js';
import type { PluginMetrics } from '../observe/plugin-metrics.js';
import type { Audit } from '../sandbox/audit/audit-event.js';
import { Broker } from './broker.js';
import type { MemoryStore } from './memory/store.js';
import { Rates } from './rates.js';
import type { Rights } from './service.js';
import { hostServices, type OthersInService } from './services.js';

/** What the brokers of all plugins have in common. */
export interface HostServices {
  memory: MemoryStore;
  others: OthersInService;
  audit: Audit;
  log: Log;
}

/** The broker of one plugin: what it decides is counted, what it refuses is audited. */
export function openBroker(
  metrics: PluginMetrics,
  rights: Rights,
  { memory, others, audit, log }: HostServices,
): Broker {
  const { id, name, version } = metrics.ref;
  const rates = new Rates();
  const who = { actor: `plugin ${id}`, plugin: { id, name, version } };
  return new Broker({
    services: hostServices({
      self: { id, name },
      memory,
      rights,
      rates,
      others,
      emitted: (delivery) => metrics.signalEmitted(delivery),
      requested: (method, origin, outcome) =>
        audit.note({ ...who, event: 'http.request', details: { of: origin, method, reason: outcome } }),
    }),
    rights,
    rates,
    observer: {
      decided(operation, decision) {
        metrics.hostCall(operation, decision);
        if (decision !== 'denied' && decision !== 'limited') return;
        const details = { of: operation, reason: decision };
        audit.note({ ...who, event: 'denial', details });
      },
      failed(operation, error) {
        log.error({ plugin: name, pluginId: id, version, operation, err: error }, 'a host call failed');
      },
    },
  });
}
