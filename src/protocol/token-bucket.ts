import { monotonicMs } from './monotonic.js';

export interface Rate {
  /** What comes in a second. */
  readonly perSecond: number;
  /** What may be taken at once after a rest; as much as a second brings by default. */
  readonly burst?: number;
}

/** A wait that is named to a plugin is at least so long: shorter ones would have it ask again and again. */
const LEAST_WAIT_MS = 10;

/** Lets through so much a second. */
export class TokenBucket {
  #perSecond: number;
  #burst: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #filledMs: number;

  /** @param nowMs a clock that never goes back */
  constructor({ perSecond, burst = perSecond }: Rate, nowMs: () => number = monotonicMs) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#nowMs = nowMs;
    this.#tokens = burst;
    this.#filledMs = nowMs();
  }

  /**
   * Takes so many, or `burst` where that is less.
   * @returns 0, or in how many milliseconds there will be enough; nothing is taken then
   */
  take(count = 1): number {
    this.#fill();
    const taken = Math.min(count, this.#burst);
    if (this.#tokens >= taken) {
      this.#tokens -= taken;
      return 0;
    }
    return Math.max(LEAST_WAIT_MS, Math.ceil(((taken - this.#tokens) / this.#perSecond) * 1000));
  }

  /** Another rate from now on. What has been taken stays taken. */
  change({ perSecond, burst = perSecond }: Rate): void {
    const taken = this.taken();
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst - taken;
  }

  /** What has been taken and has not come again: at most about what a second brings, more where more was spent. */
  taken(): number {
    this.#fill();
    return this.#burst - this.#tokens;
  }

  /** Takes away what was used and is known only now; there may be less than nothing left. */
  spend(count: number): void {
    this.#fill();
    this.#tokens -= count;
  }

  #fill(): void {
    const nowMs = this.#nowMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#filledMs) / 1000) * this.#perSecond);
    this.#filledMs = nowMs;
  }
}
