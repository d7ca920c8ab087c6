import type { HostRate, RateName } from '../limits/host-rates.js';
import { DEFAULT_LIMITS, limitName, type PluginLimits } from '../limits/plugin-limits.js';
import { TokenBucket } from '../protocol/token-bucket.js';
import { type LimitUse, unitOf } from './limit-use.js';

interface Metered {
  rate: HostRate;
  readonly bucket: TokenBucket;
}

/** The rates of one plugin, which all its lives share. */
export class Rates {
  readonly #limits: Pick<PluginLimits, 'rates'>;
  readonly #buckets = new Map<RateName, Metered>();

  /** @param nowMs a clock that never goes back; the machine's by default */
  constructor(nowMs?: () => number, limits: Pick<PluginLimits, 'rates'> = DEFAULT_LIMITS) {
    this.#limits = limits;
    for (const [name, rate] of Object.entries(limits.rates) as [RateName, HostRate][])
      this.#buckets.set(name, { rate, bucket: new TokenBucket(rate, nowMs) });
  }

  /**
   * Takes so many, or all that there may be at once where that is less.
   * @returns 0, or in how many milliseconds there will be enough; nothing is taken then
   */
  take(name: RateName, count = 1): number {
    return this.#entry(name).bucket.take(count);
  }

  /** Takes away what was used and is known only now; who asks next makes up for it. */
  spend(name: RateName, count: number): void {
    this.#entry(name).bucket.spend(count);
  }

  uses(): LimitUse[] {
    return [...this.#buckets.keys()].map((name) => {
      const { rate, bucket } = this.#entry(name);
      const { perSecond, burst = perSecond } = rate;
      return { limit: limitName(name), used: Math.ceil(bucket.taken()), max: burst, perSecond, unit: unitOf(name) };
    });
  }

  /** With the rate as it is now. */
  #entry(name: RateName): Metered {
    const entry = this.#buckets.get(name);
    if (entry === undefined) throw new TypeError(`there is no rate of ${name}`);
    const rate = this.#limits.rates[name];
    if (entry.rate !== rate) {
      entry.bucket.change(rate);
      entry.rate = rate;
    }
    return entry;
  }
}
