import { limitName, type PluginLimits } from '../limits/plugin-limits.js';
import type { QuotaName } from '../limits/quotas.js';

/** How much a plugin uses of what it may. */
export interface LimitUse {
  /** As `limitName` says it. */
  readonly limit: string;
  /** Now; of a rate, what was taken and has not come again. */
  readonly used: number;
  /** As much as there may be; of a rate, at once after a rest. 0 of what is asked of one call or request, and used up with it. */
  readonly max: number;
  /** Of a rate, what comes in a second; 0 for what is no rate. */
  readonly perSecond: number;
  readonly unit: 'UNIT_UNSPECIFIED' | 'BYTES' | 'MICROSECONDS';
}

export function quotaUse(name: QuotaName, used: number, { quotas }: Pick<PluginLimits, 'quotas'>): LimitUse {
  return { limit: limitName(name), used, max: quotas[name], perSecond: 0, unit: unitOf(name) };
}

/** @param name of the limit, in words */
export function unitOf(name: string): LimitUse['unit'] {
  if (/\bbytes\b/.test(name)) return 'BYTES';
  return /\btime$/.test(name) ? 'MICROSECONDS' : 'UNIT_UNSPECIFIED';
}
