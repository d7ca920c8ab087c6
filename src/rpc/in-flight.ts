import { HostError } from '../errors.js';

/** Waiting this long is worth a try: calls take milliseconds. */
const RETRY_AFTER_MS = 50;

/** How many calls the server has taken and not answered; the bound on them, and the wait for the last one. */
export class InFlight {
  readonly #max: number;
  #count = 0;
  #stopping = false;
  #idle: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Takes a place for a call; the caller gives it back with `leave`, once.
   *
   * @returns undefined, or why not: TOO_MANY_IN_FLIGHT, STOPPING.
   */
  enter(): HostError | undefined {
    if (this.#stopping) return new HostError('STOPPING', 'the server is stopping; call another one, or later');
    if (this.#count >= this.#max) {
      return new HostError('TOO_MANY_IN_FLIGHT', `the server has ${this.#max} calls under way, as many as it may`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.#count++;
    return undefined;
  }

  leave(): void {
    this.#count--;
    if (this.#count === 0) this.#wake();
  }

  /** From now on, `enter` refuses. */
  stop(): void {
    this.#stopping = true;
  }

  /** Resolves once nothing is under way. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #wake(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
