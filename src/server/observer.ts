import type { Rates } from '../host/rates.js';
import { guestLog } from '../observe/guest-log.js';
import type { Log } from '../observe/log.js';
import type { PluginMetrics } from '../observe/plugin-metrics.js';
import type { CrewObserver } from '../pool/crew-spec.js';
import { stands } from '../protocol/defences.js';
import { type Audit, SERVER_ACTOR } from '../sandbox/audit/audit-event.js';

/** Where a plugin's calls, ends, log lines and metrics go. */
export function observerOf(to: {
  numbers: PluginMetrics;
  rates: Rates;
  audit: Audit;
  log: Log;
}): Omit<CrewObserver, 'uses'> {
  const { numbers, audit, log } = to;
  const { id, name, version } = numbers.ref;
  const plugin = { id, name, version };
  const lines = linesOf(to, () => {
    audit.note({ actor: `plugin ${id}`, plugin, event: 'denial', details: { of: 'log', reason: 'limited' } });
  });
  return {
    called: (kind, outcome, guestTimeUs, queueTimeUs, fuel) =>
      numbers.called(kind, outcome, guestTimeUs, queueTimeUs, fuel),
    killed(reason, message, call) {
      numbers.killed(reason);
      log.warn({ plugin: name, pluginId: id, version, reason, detail: message, ...call }, 'an instance was ended');
      const { fuel: _, ...origin } = call ?? {};
      audit.note({ event: 'plugin.kill', actor: SERVER_ACTOR, plugin, details: { reason, message, ...origin } });
    },
    limited: (limit) => numbers.limited(limit),
    log: (message, originOf) => lines(message, originOf),
    metrics: (message) => numbers.report(message),
  };
}

/** Each instance keeps to the rates by itself; together they do here, and so does a plugin whose instances come and go. */
function linesOf(
  { numbers, rates, log }: { numbers: PluginMetrics; rates: Rates; log: Log },
  dropped: () => void,
): ReturnType<typeof guestLog> {
  const counter = {
    logDropped(lines: number, bytes: number): void {
      numbers.logDropped(lines, bytes);
      if (lines > 0) dropped();
    },
  };
  const fits = (bytes: number): boolean => rates.take('log lines') === 0 && rates.take('log bytes', bytes) === 0;
  return guestLog(log, numbers.ref, counter, (bytes) => fits(bytes) || !stands('log-cap'));
}
