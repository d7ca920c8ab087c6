/** At most so often a report is posted; what comes in between is put together. */
const PERIOD_MS = 100;

/** Holds reports back so that they are posted at most ten times a second, and sees to it that the last one is. */
export class Pace {
  readonly #now: () => number;
  readonly #post: () => void;
  #postedMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** @param post called when the period is over, for what was held back */
  constructor(post: () => void, now: () => number = () => performance.now()) {
    this.#post = post;
    this.#now = now;
  }

  /** Whether a report may be posted, which it then is; else it is asked for again later. */
  take(now: boolean): boolean {
    const waitMs = this.#postedMs + PERIOD_MS - this.#now();
    if (waitMs > 0 && !now) {
      this.#timer ??= setTimeout(() => this.#post(), waitMs).unref();
      return false;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#postedMs = this.#now();
    return true;
  }
}
