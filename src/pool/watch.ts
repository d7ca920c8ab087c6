import { monotonicMs } from '../protocol/monotonic.js';

/**
 * One timer for many deadlines. It is armed for the earliest; when it fires, `inspect` looks at everything and returns
 * the next moment to look, or Infinity. So a call that ends in time costs no timer of its own.
 */
export class Watch {
  readonly #inspect: (nowMs: number) => number;
  #timer: NodeJS.Timeout | undefined;
  #armedForMs = Infinity;

  constructor(inspect: (nowMs: number) => number) {
    this.#inspect = inspect;
  }

  /** Makes sure that a look is taken at `atMs` (clock of `monotonic.ts`) or earlier. */
  armBy(atMs: number): void {
    if (atMs >= this.#armedForMs) return;
    clearTimeout(this.#timer);
    this.#armedForMs = atMs;
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, Math.ceil(atMs - monotonicMs())));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#armedForMs = Infinity;
  }

  #fire(): void {
    this.#armedForMs = Infinity;
    this.armBy(this.#inspect(monotonicMs()));
  }
}
