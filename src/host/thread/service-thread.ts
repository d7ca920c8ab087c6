import { Worker } from 'node:worker_threads';
import type { FromThread, ThreadAnswer, ThreadRequest } from './thread-protocol.js';

export interface ServiceThreadOptions {
  /** Where the thread's code is. */
  entry: URL;
  /** What it is started with. */
  order: unknown;
  /** For messages, such as `the storage thread`. */
  name: string;
  /** Between its end and the start of another: what ended it may end that one too. */
  restartMs: number;
  /** What went wrong in it, for the log. */
  onFault: (message: string) => void;
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  spent: (us: number) => void;
}

const NOBODY = (_us: number): void => {};

/**
 * A thread for what blocks, so that the main thread never waits for a disk. It costs some 10 MB: it is started by its first request.
 * One that fails is replaced: what it had not answered is answered with an error, and may have happened.
 */
export class ServiceThread {
  readonly #options: ServiceThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  /** Undefined while there is none. */
  #worker: Worker | undefined;
  #begun = false;
  #next = 1;
  #closed = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: ServiceThreadOptions) {
    this.#options = options;
  }

  /** Whether it was ever started. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Starts it now, and waits for its first word. @throws Error where it cannot work, with its reason */
  async begin(): Promise<void> {
    const worker = this.#startThread();
    await ready(worker, this.#options.name);
    this.#attend(worker);
  }

  /**
   * @param spent told how long the thread worked for it, in microseconds; not how long the request waited
   * @throws Error where the thread failed
   */
  ask(method: string, given: unknown[], spent = NOBODY): Promise<unknown> {
    const { name } = this.#options;
    if (this.#closed) return Promise.reject(new Error(`${name} is closed`));
    if (!this.#begun) this.#attend(this.#startThread());
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Error(`${name} is being started`));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, spent });
      worker.postMessage({ id, method, given } satisfies ThreadRequest);
    });
  }

  /** @param last a request that ends its work in order */
  async close(last?: string): Promise<void> {
    if (this.#closed) return;
    const end = last === undefined || !this.#begun ? Promise.resolve() : this.ask(last, []).catch(() => undefined);
    this.#closed = true;
    clearTimeout(this.#restart);
    await end;
    await this.#worker?.terminate();
  }

  #startThread(): Worker {
    this.#begun = true;
    const { entry, order } = this.#options;
    return new Worker(entry, { workerData: order, env: {}, execArgv: [] });
  }

  #attend(worker: Worker): void {
    this.#worker = worker;
    worker.on('message', (message: FromThread) => {
      if (message.type === 'answers') for (const answer of message.answers) this.#settle(answer);
      else if (message.type === 'failed')
        this.#options.onFault(`${this.#options.name} cannot work: ${message.message}`);
    });
    worker.on('error', (error) => this.#options.onFault(error.stack ?? error.message));
    worker.once('exit', () => this.#gone());
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.ok) {
      waiting?.spent(answer.tookUs);
      return waiting?.resolve(answer.value);
    }
    this.#options.onFault(answer.message);
    waiting?.reject(new Error(`${this.#options.name} failed; the log says more`));
  }

  /** Another one takes its place, not at once. */
  #gone(): void {
    const { name, onFault, restartMs } = this.#options;
    for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ended`));
    this.#waiting.clear();
    this.#worker = undefined;
    if (this.#closed) return;
    onFault(`${name} ended; another one is started`);
    this.#restart = setTimeout(() => this.#attend(this.#startThread()), restartMs);
  }
}

function ready(worker: Worker, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message: FromThread) => {
      worker.off('error', reject);
      if (message.type === 'ready') return resolve();
      void worker.terminate();
      reject(new Error(message.type === 'failed' ? message.message : `${name} did not start`));
    });
  });
}
