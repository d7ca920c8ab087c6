import { statSync } from 'node:fs';
import { HostError } from '../../errors.js';
import { HOST_LIMITS } from '../../limits.js';
import { ServiceThread } from '../thread/service-thread.js';
import type { StorageOrder } from './storage-protocol.js';
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

/** What a database in which nothing was ever kept answers. */
const NOTHING = new VolatileMemory();

/** The memory of plugins in a thread of its own, which is started once there is something to keep. */
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
  readonly #thread: ServiceThread;
  #closed = false;

  private constructor({ file, onFault, entry = STORAGE_THREAD }: ThreadStoreOptions) {
    const order: StorageOrder = { file };
    const restartMs = HOST_LIMITS.storageRestartMs;
    this.#thread = new ServiceThread({ entry, order, name: 'the storage thread', restartMs, onFault });
  }

  /** @throws HostError DATA_DIR_DAMAGED where the file is no database of ours */
  static async open(options: ThreadStoreOptions): Promise<ThreadStore> {
    const store = new ThreadStore(options);
    // To SQLite, an empty file is an empty database, and so is one that is not there.
    if (statSync(options.file, { throwIfNoEntry: false })?.size) await store.#thread.begin().catch(damaged);
    return store;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread.close('close');
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

  #method<Method extends MemoryMethod>(method: Method, spent?: (us: number) => void): MemoryStore[Method] {
    const send = (...given: unknown[]): Promise<unknown> => {
      if (this.#closed) return Promise.reject(new Error('the memory of plugins is closed'));
      if (!this.#thread.begun && method !== 'set') return Promise.resolve(askNothing(method, given));
      return this.#thread.ask(method, given, spent);
    };
    return send as MemoryStore[Method];
  }
}

function askNothing(method: MemoryMethod, given: unknown[]): unknown {
  return (NOTHING[method] as (...given: unknown[]) => unknown).apply(NOTHING, given);
}

function damaged(error: Error): never {
  const hint = 'restore memory.db from a backup, or move it away to begin with an empty memory';
  const message = `memory.db, the memory of plugins, cannot be opened (${error.message}): ${hint}`;
  throw new HostError('DATA_DIR_DAMAGED', message);
}
