import type { Log } from '../observe/log.js';
import type { PluginMetrics } from '../observe/plugin-metrics.js';
import type { Audit } from '../sandbox/audit/audit-event.js';
import { Broker } from './broker.js';
import type { ConfiguredLimits } from './configured-limits.js';
import type { FileCallsParts } from './files/file-calls.js';
import type { MemoryStore } from './memory/store.js';
import type { Rates } from './rates.js';
import type { Rights } from './service.js';
import { hostServices, type OthersInService } from './services.js';

/** What the brokers of all plugins have in common. */
export interface HostServices {
  memory: MemoryStore;
  /** What a plugin's calls of files work with. */
  filesOf: (pluginId: string) => Omit<FileCallsParts, 'rates' | 'limits'>;
  others: OthersInService;
  limits: ConfiguredLimits;
  audit: Audit;
  log: Log;
}

/** The broker of one plugin: what it decides is counted, what it refuses is audited. */
export function openBroker(
  { metrics, rates }: { metrics: PluginMetrics; rates: Rates },
  rights: Rights,
  { memory, filesOf, others, limits, audit, log }: HostServices,
): Broker {
  const { id, name, version } = metrics.ref;
  const who = { actor: `plugin ${id}`, plugin: { id, name, version } };
  return new Broker({
    services: hostServices({
      self: { id, name },
      memory,
      files: filesOf(id),
      rights,
      rates,
      limits: limits.of(id),
      sharedLimits: limits.ofAll(),
      others,
      emitted: (delivery) => metrics.signalEmitted(delivery),
      requested: (method, origin, outcome) =>
        audit.note({ ...who, event: 'http.request', details: { of: origin, method, reason: outcome } }),
    }),
    rights,
    rates,
    observer: {
      decided(operation, decision, about) {
        metrics.hostCall(operation, decision);
        if (decision !== 'denied') return;
        const { target, reason = decision, waiting = [] } = about ?? {};
        const details = {
          of: operation,
          reason,
          ...(target === undefined ? {} : { path: target }),
          ...(waiting.length === 0 ? {} : { for: JSON.stringify(waiting) }),
        };
        audit.note({ ...who, event: 'denial', details });
      },
      limited(operation, limit) {
        metrics.limited(limit);
        audit.note({ ...who, event: 'denial', details: { of: operation, reason: 'limited', limit } });
      },
      failed(operation, error) {
        log.error({ plugin: name, pluginId: id, version, operation, err: error }, 'a host call failed');
      },
    },
  });
}
