import type { Connection } from './connection.js';

export interface OpenBody {
  connection: Connection;
  close(): void;
}

/** The bodies that lives read in pieces, by number. A life is known by the signal of its end, and takes them along. */
export class OpenBodies {
  readonly #lives = new Map<AbortSignal, Map<number, Connection>>();
  #last = 0;

  /** How many the life has that has most. */
  get most(): number {
    return Math.max(0, ...[...this.#lives.values()].map(({ size }) => size));
  }

  /**
   * @param max that one life may have
   * @returns its number; undefined where the life has all that it may have
   */
  add(life: AbortSignal, connection: Connection, max: number): number | undefined {
    // Its end has closed the connection already.
    if (life.aborted) return undefined;
    const open = this.#lives.get(life) ?? this.#begin(life);
    if (open.size >= max) return undefined;
    this.#last = (this.#last + 1) >>> 0;
    open.set(this.#last, connection);
    return this.#last;
  }

  #begin(life: AbortSignal): Map<number, Connection> {
    const open = new Map<number, Connection>();
    this.#lives.set(life, open);
    life.addEventListener('abort', () => this.#lives.delete(life), { once: true });
    return open;
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
