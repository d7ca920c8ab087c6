import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { HostError } from '../../errors.js';
import { HOST_LIMITS } from '../../limits.js';
import type { FromStorage, StorageAnswer, StorageOrder, StorageRequest } from './storage-protocol.js';
import type { MemoryMethod, MemoryStore } from './store.js';
import { VolatileMemory } from './volatile-memory.js';

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

/** What a database in which nothing was ever kept answers. */
const NOTHING = new VolatileMemory();

/**
 * The memory of plugins in a thread of its own, so that the main thread never waits for a disk. The thread costs some 10 MB:
 * it is started once there is something to keep. One that fails is replaced: what it had not answered is answered with an
 * error, and may have happened.
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
  /** Whether something is kept, or was to be. */
  #begun = false;
  #next = 1;
  #closed = false;
  #restart: NodeJS.Timeout | undefined;

  private constructor(options: ThreadStoreOptions) {
    this.#options = options;
  }

  /** @throws HostError DATA_DIR_DAMAGED where the file is no database of ours */
  static async open(options: ThreadStoreOptions): Promise<ThreadStore> {
    const store = new ThreadStore(options);
    // To SQLite, an empty file is an empty database, and so is one that is not there.
    if (statSync(options.file, { throwIfNoEntry: false })?.size) {
      const worker = startThread(options);
      await ready(worker);
      store.#begin(worker);
    }
    return store;
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
    if (!this.#begun) {
      if (method !== 'set') return Promise.resolve(askNothing(method, given));
      this.#begin(startThread(this.#options));
    }
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Error('the storage thread is being started'));
    const id = this.#next++;
    return new Promise<never>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, spent });
      worker.postMessage({ id, method, given } satisfies StorageRequest);
    });
  }

  #begin(worker: Worker): void {
    this.#begun = true;
    this.#worker = worker;
    this.#attend(worker);
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
    this.#restart = setTimeout(() => this.#begin(startThread(this.#options)), HOST_LIMITS.storageRestartMs);
  }
}

function askNothing(method: MemoryMethod, given: unknown[]): never {
  return (NOTHING[method] as (...given: unknown[]) => unknown).apply(NOTHING, given) as never;
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
