import { HostError } from '../errors.js';

/** A plugin that is activated waits so long for a thread that others have. */
const WAIT_MS = 30_000;

interface Waiter {
  resolve: () => void;
  reject: (error: HostError) => void;
  timer: NodeJS.Timeout;
}

/** Those who wait until a plugin's first instance takes calls. */
export class WarmUps {
  #waiters: Waiter[] = [];

  /** @throws HostError CAPACITY when no thread became free in time, or what `reject` was given. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(noThread()), WAIT_MS);
      this.#waiters.push({ resolve, reject, timer });
    });
  }

  resolve(): void {
    for (const { resolve } of this.#take()) resolve();
  }

  reject(error: HostError): void {
    for (const { reject } of this.#take()) reject(error);
  }

  #take(): Waiter[] {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { timer } of waiters) clearTimeout(timer);
    return waiters;
  }
}

function noThread(): HostError {
  const message = 'no thread became free to start the plugin; deactivate another plugin, or try again later';
  return new HostError('CAPACITY', message, { retryAfterMs: 1_000 });
}
