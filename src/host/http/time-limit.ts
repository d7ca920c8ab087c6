import { setMaxListeners } from 'node:events';

/** How long a request may take: until its time is over, or the life that asked has ended. */
export class TimeLimit {
  readonly signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #life: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #onEnd = (): void => this.#stop.abort();
  /** Whether it was the time that ended it. */
  passed = false;

  constructor(ms: number, life: AbortSignal) {
    this.signal = this.#stop.signal;
    this.#life = life;
    // Every hop of a redirected request listens; how many there are is bounded.
    setMaxListeners(0, this.signal);
    this.#timer = setTimeout(() => {
      this.passed = true;
      this.#stop.abort();
    }, ms).unref();
    life.addEventListener('abort', this.#onEnd, { once: true });
    if (life.aborted) this.#stop.abort();
  }

  /** Whether the life that asked has ended. */
  get lifeEnded(): boolean {
    return this.#life.aborted;
  }

  /** What the work brings, or a rejection as soon as the time is over: for what cannot be ended itself. Then it does not begin. */
  async race<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    let stop = (): void => undefined;
    const ended = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([work(), ended]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** It is over: nothing is held any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#life.removeEventListener('abort', this.#onEnd);
    this.#stop.abort();
  }
}
