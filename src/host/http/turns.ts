/** Lets so many work at once; the others wait, first come, first served. */
export class Turns {
  #places: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#places = places;
  }

  /**
   * Works when it is its turn; what was given up meanwhile does not begin.
   * @throws what the work throws, or why it was given up
   */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#places > 0) this.#places--;
    else await new Promise<void>((go) => this.#waiting.push(go));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      // The place goes on to who waits longest.
      const next = this.#waiting.shift();
      if (next === undefined) this.#places++;
      else next();
    }
  }
}
