import { Worker } from 'node:worker_threads';
import { HostError } from '../../errors.js';
import { HOST_LIMITS } from '../../limits.js';
import type { FromStorage, StorageAnswer, StorageOrder, StorageRequest } from './storage-protocol.js';
import type { MemoryMethod, MemoryStore } from './store.js';

const STORAGE_THREAD = new URL('./storage-thread.js', import.meta.url);

export interface ThreadStoreOptions {
  /** The database; made where it is missing. */
  file: string;
  /** What went wrong in the thread, for the log. */
  onFault: (message: string) => void;
  /** Where the thread's code is; another one in tests. */
  entry?: URL;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
  spent: (us: number) => void;
}

const NOBODY = (_us: number): void => {};

/**
 * The memory of plugins in a thread of its own, so that the main thread never waits for a disk. A thread that fails is replaced:
 * what it had not answered is answered with an error, and may have happened.
 */
export class ThreadStore implements MemoryStore {
  readonly get = this.#method('get');
  readonly set = this.#method('set');
  readonly delete = this.#method('delete');
  readonly list = this.#method('list');
  readonly search = this.#method('search');
  readonly keys = this.#method('keys');
  readonly usage = this.#method('usage');
  readonly namespaces = this.#method('namespaces');
  readonly drop = this.#method('drop');
  readonly #options: ThreadStoreOptions;
  readonly #waiting = new Map<number, Waiting>();
  /** Undefined while there is none. */
  #worker: Worker | undefined;
  #next = 1;
  #closed = false;
  #restart: NodeJS.Timeout | undefined;

  private constructor(options: ThreadStoreOptions, worker: Worker) {
    this.#options = options;
    this.#worker = worker;
    this.#attend(worker);
  }

  /** @throws HostError DATA_DIR_DAMAGED where the file is no database of ours */
  static async open(options: ThreadStoreOptions): Promise<ThreadStore> {
    const worker = startThread(options);
    await ready(worker);
    return new ThreadStore(options, worker);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#restart);
    await this.#send('close', []).catch(() => undefined);
    await this.#worker?.terminate();
  }

  chargedTo(spent: (us: number) => void): MemoryStore {
    return {
      get: this.#method('get', spent),
      set: this.#method('set', spent),
      delete: this.#method('delete', spent),
      list: this.#method('list', spent),
      search: this.#method('search', spent),
      keys: this.#method('keys', spent),
      usage: this.#method('usage', spent),
      namespaces: this.#method('namespaces', spent),
      drop: this.#method('drop', spent),
      close: () => this.close(),
      chargedTo: (other) => this.chargedTo(other),
    };
  }

  #method<Method extends MemoryMethod>(method: Method, spent = NOBODY): MemoryStore[Method] {
    const send = (...given: unknown[]): Promise<never> => {
      if (this.#closed) return Promise.reject(new Error('the memory of plugins is closed'));
      return this.#send(method, given, spent);
    };
    return send as MemoryStore[Method];
  }

  #send(method: MemoryMethod, given: unknown[], spent = NOBODY): Promise<never> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Error('the storage thread is being started'));
    const id = this.#next++;
    return new Promise<never>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, spent });
      worker.postMessage({ id, method, given } satisfies StorageRequest);
    });
  }

  #attend(worker: Worker): void {
    worker.on('message', (message: FromStorage) => {
      if (message.type === 'answers') for (const answer of message.answers) this.#settle(answer);
      else if (message.type === 'failed') this.#options.onFault(`the database cannot be opened: ${message.message}`);
    });
    worker.on('error', (error) => this.#options.onFault(error.stack ?? error.message));
    worker.once('exit', () => this.#gone());
  }

  #settle(answer: StorageAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.ok) {
      waiting?.spent(answer.tookUs);
      return waiting?.resolve(answer.value as never);
    }
    this.#options.onFault(answer.message);
    waiting?.reject(new Error('the memory of plugins failed; the log says more'));
  }

  /** The thread has ended: another one takes its place, not at once, since what ended this one may end that one too. */
  #gone(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the storage thread ended'));
    this.#waiting.clear();
    this.#worker = undefined;
    if (this.#closed) return;
    this.#options.onFault('the storage thread ended; another one is started');
    this.#restart = setTimeout(() => {
      const worker = startThread(this.#options);
      this.#attend(worker);
      this.#worker = worker;
    }, HOST_LIMITS.storageRestartMs);
  }
}

function startThread({ file, entry = STORAGE_THREAD }: ThreadStoreOptions): Worker {
  const order: StorageOrder = { file };
  return new Worker(entry, { workerData: order, env: {}, execArgv: [] });
}

/** Waits for a thread's first word. */
function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message: FromStorage) => {
      worker.off('error', reject);
      if (message.type === 'ready') return resolve();
      const why = message.type === 'failed' ? message.message : 'the storage thread did not start';
      const hint = 'restore memory.db from a backup, or move it away to begin with an empty memory';
      void worker.terminate();
      reject(new HostError('DATA_DIR_DAMAGED', `memory.db, the memory of plugins, cannot be opened (${why}): ${hint}`));
    });
  });
}
