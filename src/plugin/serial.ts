import { HostError } from '../errors.js';

/**
 * Runs actions on the same plugin one after the other: each sees what the one before it left. Actions on different plugins do
 * not wait for each other. Once closed, no action begins any more.
 *
 * An action on several plugins takes its place behind all of them at once, and so waits for nothing but what came before it:
 * actions stand in one order, and none can wait for another in a circle.
 */
export class Serial {
  readonly #last = new Map<string, Promise<unknown>>();
  #closed = false;

  /**
   * @param keys the plugin's id, or the ids of several plugins
   * @throws HostError STOPPING once closed; CALL_CANCELLED when `signal` is aborted before the action's turn.
   */
  run<T>(keys: string | ReadonlySet<string>, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const begin = (): Promise<T> => {
      if (this.#closed) throw new HostError('STOPPING', 'the server is stopping; call another one, or later');
      if (signal?.aborted === true) throw new HostError('CALL_CANCELLED', 'the caller went away before its turn');
      return action();
    };
    const each = typeof keys === 'string' ? [keys] : [...keys];
    const result = Promise.all(each.flatMap((key) => this.#last.get(key) ?? [])).then(begin);
    const settled = result
      .catch(() => {})
      .then(() => {
        for (const key of each) if (this.#last.get(key) === settled) this.#last.delete(key);
      });
    for (const key of each) this.#last.set(key, settled);
    return result;
  }

  /**
   * Runs an action on plugins that what came before it may still change: where it has come to need more of them, it lets go of
   * those that it had, and takes its place anew.
   *
   * @param keysOf the ids as of now
   * @throws HostError as `run`; TOO_MANY_IN_FLIGHT when others keep changing what it needs.
   */
  async runAll<T>(keysOf: () => ReadonlySet<string>, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const held = new Set<string>();
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      for (const key of keysOf()) held.add(key);
      const ran = await this.run(
        held,
        async () => ([...keysOf()].every((key) => held.has(key)) ? { value: await action() } : undefined),
        signal,
      );
      if (ran !== undefined) return ran.value;
    }
    throw new HostError('TOO_MANY_IN_FLIGHT', 'the plugins were changed again and again meanwhile; try again', {
      retryAfterMs: 1_000,
    });
  }

  /** Resolves when what has begun has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#last.values());
  }
}

/** Each one more means that somebody else's change came through. */
const MAX_TURNS = 32;
