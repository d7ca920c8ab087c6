import type { PluginLimits } from '../limits/plugin-limits.js';
import { GUEST_LIMITS, OBSERVE_LIMITS } from '../limits.js';
import type { Manifest } from '../package/manifest.js';
import type { PreparedModule } from '../prepare/prepare.js';
import type { Binding, GuestGrants } from '../protocol/bind.js';
import { toolDeclarations } from './offers.js';

/**
 * What a worker is told of the plugin that it is bound to.
 * @param config one JSON object as text
 */
export function bindingOf(
  manifest: Manifest,
  prepared: PreparedModule,
  config: string,
  hostVersion: string,
  grants: GuestGrants,
  { rates }: PluginLimits,
): Binding {
  const { id, name, version } = manifest.metadata;
  return {
    plugin: { id, name, version },
    hostVersion,
    module: prepared.module,
    metering: {
      start: prepared.metering.start,
      instantiationFuel: prepared.metering.instantiationFuel,
      loadFuel: GUEST_LIMITS.loadFuel,
      offsets: prepared.offsets,
    },
    exports: prepared.exports,
    config,
    tools: toolDeclarations(manifest),
    grants,
    limits: {
      memoryBytes: prepared.memory.maximumBytes,
      outputBytes: GUEST_LIMITS.maxOutputBytes,
      outputElements: GUEST_LIMITS.maxOutputElements,
      hostCallBytes: GUEST_LIMITS.maxHostCallBytes,
      randomBytes: GUEST_LIMITS.maxRandomBytes,
      logLineBytes: OBSERVE_LIMITS.maxLogLineBytes,
      logLines: rates['log lines'],
      logBytes: rates['log bytes'],
      metrics: {
        names: OBSERVE_LIMITS.maxMetricNames,
        series: OBSERVE_LIMITS.maxMetricSeries,
        labels: OBSERVE_LIMITS.maxMetricLabels,
        labelBytes: OBSERVE_LIMITS.maxMetricLabelBytes,
        observationsPerSecond: OBSERVE_LIMITS.maxMetricObservationsPerSecond,
      },
    },
  };
}
