import { HostError } from '../errors.js';

/**
 * Runs actions on the same plugin one after the other: each sees what the one before it left. Actions on different plugins do
 * not wait for each other. Once closed, no action begins any more.
 */
export class Serial {
  readonly #last = new Map<string, Promise<unknown>>();
  #closed = false;

  /**
   * @param key the plugin's id
   * @throws HostError STOPPING once closed; CALL_CANCELLED when `signal` is aborted before the action's turn.
   */
  run<T>(key: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const begin = (): Promise<T> => {
      if (this.#closed) throw new HostError('STOPPING', 'the server is stopping; call another one, or later');
      if (signal?.aborted === true) throw new HostError('CALL_CANCELLED', 'the caller went away before its turn');
      return action();
    };
    const result = (this.#last.get(key) ?? Promise.resolve()).then(begin);
    const settled = result
      .catch(() => {})
      .then(() => {
        if (this.#last.get(key) === settled) this.#last.delete(key);
      });
    this.#last.set(key, settled);
    return result;
  }

  /** Resolves when what has begun has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#last.values());
  }
}
