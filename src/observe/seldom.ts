/** Makes an event that may come in floods known at once, and then at intervals, with how often it has happened since. */
export class Seldom {
  readonly #intervalMs: number;
  readonly #tell: (count: number) => void;
  readonly #quiet: () => void;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  /** @param quiet called when an interval has passed in which nothing happened */
  constructor(intervalMs: number, tell: (count: number) => void, quiet: () => void = () => {}) {
    this.#intervalMs = intervalMs;
    this.#tell = tell;
    this.#quiet = quiet;
  }

  note(): void {
    this.#count++;
    if (this.#timer === undefined) this.#say();
  }

  /** Tells what has not been told, without waiting for the interval's end. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#count > 0) this.#tell(this.#count);
    this.#count = 0;
  }

  #say(): void {
    this.flush();
    this.#timer = setTimeout(() => this.#intervalOver(), this.#intervalMs).unref();
  }

  #intervalOver(): void {
    if (this.#count > 0) return this.#say();
    this.#timer = undefined;
    this.#quiet();
  }
}
