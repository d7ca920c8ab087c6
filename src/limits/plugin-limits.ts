import { HOST_RATES, type HostRate, type RateName } from './host-rates.js';
import { QUOTAS, type QuotaName } from './quotas.js';

/** What one plugin may use. It is read anew each time: an operator may change it while the plugin runs. */
export interface PluginLimits {
  readonly rates: Readonly<Record<RateName, HostRate>>;
  readonly quotas: Readonly<Record<QuotaName, number>>;
}

export const DEFAULT_LIMITS: PluginLimits = { rates: HOST_RATES, quotas: QUOTAS };

/** As refusals, metrics, the configuration file and operators call it. */
export function limitName(name: string): string {
  return name.replaceAll(' ', '-');
}
