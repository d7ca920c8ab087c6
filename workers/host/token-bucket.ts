/** Lets through so much a second, and at once as much as a second brings. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #now: () => number;
  #tokens: number;
  #filledMs: number;

  /** @param now milliseconds on a clock that never goes back */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#tokens = perSecond;
    this.#filledMs = now();
  }

  /** Whether there were so many; then they are gone. */
  take(count: number): boolean {
    if (this.#tokens < count) this.#fill();
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  #fill(): void {
    const nowMs = this.#now();
    const earned = ((nowMs - this.#filledMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + earned);
    this.#filledMs = nowMs;
  }
}
