import type { Exchange } from './exchange.js';
import type { TimeLimit } from './time-limit.js';

/** An answer whose body is on its way. It is closed once: at the body's end, by the guest, by its time, or with the life that asked. */
export class Connection {
  readonly exchange: Exchange;
  readonly url: string;
  readonly limit: TimeLimit;
  readonly #onClose: () => void;
  readonly #close = (): void => this.close();
  #rest: Uint8Array | undefined;
  #closed = false;

  /** @param onClose called once */
  constructor(exchange: Exchange, url: string, limit: TimeLimit, onClose: () => void) {
    this.exchange = exchange;
    this.url = url;
    this.limit = limit;
    this.#onClose = onClose;
    limit.signal.addEventListener('abort', this.#close, { once: true });
    if (limit.signal.aborted) this.close();
  }

  /**
   * The next bytes of the body, at most so many; undefined at its end.
   * @throws what the connection threw, or the limit
   */
  async read(maxBytes: number): Promise<Uint8Array | undefined> {
    const piece = this.#rest ?? (await this.#next());
    this.#rest = piece === undefined || piece.length <= maxBytes ? undefined : piece.subarray(maxBytes);
    return piece?.subarray(0, maxBytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.limit.signal.removeEventListener('abort', this.#close);
    this.limit.end();
    this.exchange.close();
    this.#onClose();
  }

  async #next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const next = await this.limit.race(() => this.exchange.body.next());
      if (next.done === true) return undefined;
      if (next.value.length > 0) return next.value;
    }
  }
}
