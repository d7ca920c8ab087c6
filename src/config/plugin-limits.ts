/** The section `limits` of the configuration file. */

import { z } from 'zod';
import { HOST_RATES, type HostRate, type RateName } from '../limits/host-rates.js';
import { limitName } from '../limits/plugin-limits.js';
import { QUOTAS, type QuotaName } from '../limits/quotas.js';
import { pluginKey, pluginKeyFault } from './plugin-key.js';

/** What is said of one plugin, or of all. */
export interface LimitRule {
  readonly rates: { readonly [name in RateName]?: HostRate };
  readonly quotas: { readonly [name in QuotaName]?: number };
}

export type LimitRules = Readonly<Record<string, LimitRule>>;

const MOST = 1_000_000_000_000;
const amount = (least: number) =>
  z
    .int({ error: `expected a whole number from ${least}` })
    .min(least)
    .max(MOST, { error: `expected at most ${MOST}` });
const RATE_FORM = 'expected how many a second, or {per_second, burst}';
const rate = z.union([amount(1), z.strictObject({ per_second: amount(1), burst: amount(1).optional() })], {
  error: RATE_FORM,
});
const rateNames = Object.keys(HOST_RATES) as RateName[];
const quotaNames = Object.keys(QUOTAS) as QuotaName[];

const limits = z
  .strictObject({
    ...Object.fromEntries(rateNames.map((name) => [limitName(name), rate.optional()])),
    ...Object.fromEntries(quotaNames.map((name) => [limitName(name), amount(0).optional()])),
  })
  .transform((given) => ruleOf(given as Given));

type Given = { readonly [name: string]: z.output<typeof rate> | undefined };

/** By plugin id; `*` is about all of them, and what is said of one plugin beats it. Names are those of refusals. */
export const limitRules = z
  .record(pluginKey, limits, { error: pluginKeyFault('expected plugin ids, or "*", each with limits') })
  .nullish()
  .transform((rules): LimitRules => rules ?? {});

function ruleOf(given: Given): LimitRule {
  const rates: { [name in RateName]?: HostRate } = {};
  const quotas: { [name in QuotaName]?: number } = {};
  for (const name of rateNames) {
    const said = given[limitName(name)];
    if (said !== undefined) rates[name] = rateOf(said);
  }
  for (const name of quotaNames) {
    const said = given[limitName(name)];
    if (typeof said === 'number') quotas[name] = said;
  }
  return { rates, quotas };
}

/** Without a burst of its own, as much at once as a second brings. */
function rateOf(said: z.output<typeof rate>): HostRate {
  const { per_second: perSecond, burst = perSecond } = typeof said === 'number' ? { per_second: said } : said;
  return { perSecond, burst };
}
