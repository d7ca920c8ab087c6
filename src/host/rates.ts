import { HOST_RATES, type HostRate, type RateName } from '../limits/host-rates.js';
import { TokenBucket } from '../protocol/token-bucket.js';

/** What a plugin has used of one rate. */
export interface RateUse {
  readonly name: RateName;
  readonly perSecond: number;
  /** Taken and not come again yet: about what was used in the last second. */
  readonly taken: number;
  /** Requests that were refused, or had to wait, since the plugin came into service. */
  readonly limited: number;
}

/** The rates of one plugin, which all its lives share. */
export class Rates {
  readonly #buckets = new Map<RateName, { rate: HostRate; bucket: TokenBucket; limited: number }>();

  /** @param nowMs a clock that never goes back; the machine's by default */
  constructor(nowMs?: () => number, rates: Readonly<Record<RateName, HostRate>> = HOST_RATES) {
    for (const [name, rate] of Object.entries(rates) as [RateName, HostRate][])
      this.#buckets.set(name, { rate, bucket: new TokenBucket(rate, nowMs), limited: 0 });
  }

  /**
   * Takes so many, at most the rate's burst.
   * @returns 0, or in how many milliseconds there will be enough; nothing is taken then
   */
  take(name: RateName, count = 1): number {
    const entry = this.#entry(name);
    const waitMs = entry.bucket.take(count);
    if (waitMs > 0) entry.limited++;
    return waitMs;
  }

  /** Takes away what was used and is known only now; who asks next makes up for it. */
  spend(name: RateName, count: number): void {
    this.#entry(name).bucket.spend(count);
  }

  uses(): RateUse[] {
    return Array.from(this.#buckets, ([name, { rate, bucket, limited }]) => {
      return { name, perSecond: rate.perSecond, taken: bucket.taken(), limited };
    });
  }

  #entry(name: RateName): { bucket: TokenBucket; limited: number } {
    const entry = this.#buckets.get(name);
    if (entry === undefined) throw new TypeError(`there is no rate of ${name}`);
    return entry;
  }
}
