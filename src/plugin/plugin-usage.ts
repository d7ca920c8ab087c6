import type { LimitUse } from '../host/limit-use.js';
import { OBSERVE_LIMITS } from '../limits.js';
import type { PluginMetrics } from '../observe/plugin-metrics.js';
import type { Crew } from '../pool/crew.js';
import type { LimitView } from './plugins-api.js';

/** What a plugin in service uses of what it may, and how often that was in its way. */
export async function usageOf(crew: Crew, { limits, reported }: PluginMetrics): Promise<LimitView[]> {
  const { host, maxLives, queue } = crew.spec;
  const uses = [
    ...((await host.uses?.()) ?? []),
    plain('instances', crew.instances, maxLives),
    plain('queued-calls', crew.queueLength, queue.maxCalls),
    { ...plain('queued-bytes', crew.queueBytes, queue.maxBytes), unit: 'BYTES' as const },
    plain('metric-names', reported.names, OBSERVE_LIMITS.maxMetricNames),
    plain('metric-series', reported.series, OBSERVE_LIMITS.maxMetricSeries),
  ];
  const limited = new Map([...limits, ['metric-series', reported.dropped]]);
  const known = new Set(uses.map(({ limit }) => limit));
  // Of one call or request: nothing of it is in use between two of them.
  const others = [...limited.keys()].filter((limit) => !known.has(limit)).map((limit) => plain(limit, 0, 0));
  return [...uses, ...others].map((use) => ({ ...use, limited: limited.get(use.limit) ?? 0 }));
}

function plain(limit: string, used: number, max: number): LimitUse {
  return { limit, used, max, perSecond: 0, unit: 'UNIT_UNSPECIFIED' };
}
