import { HTTP_LIMITS } from '../../limits/http.js';
import type { Connection } from './connection.js';

export interface OpenBody {
  connection: Connection;
  close(): void;
}

/** The bodies that lives read in pieces, by number. A life is known by the signal of its end, and takes them along. */
export class OpenBodies {
  readonly #lives = new WeakMap<AbortSignal, Map<number, Connection>>();
  #last = 0;

  /** @returns its number; undefined where the life has all that it may have */
  add(life: AbortSignal, connection: Connection): number | undefined {
    const open = this.#lives.get(life) ?? new Map<number, Connection>();
    this.#lives.set(life, open);
    if (open.size >= HTTP_LIMITS.maxOpenBodies) return undefined;
    this.#last = (this.#last + 1) >>> 0;
    open.set(this.#last, connection);
    return this.#last;
  }

  get(life: AbortSignal, body: number): OpenBody | undefined {
    const open = this.#lives.get(life);
    const connection = open?.get(body);
    if (connection === undefined) return undefined;
    const close = (): void => {
      open?.delete(body);
      connection.close();
    };
    return { connection, close };
  }
}
