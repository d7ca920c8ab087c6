import { existsSync } from 'node:fs';
import { FILE_LIMITS } from '../../limits/files.js';
import { ServiceThread } from '../thread/service-thread.js';
import type { FileMethod, FileStore } from './backend.js';
import type { FilesOrder } from './files-thread.js';

const FILES_THREAD = new URL('./files-thread.js', import.meta.url);

/** Files in a thread of their own, which is started by the first request. With one that ends, all that was open is closed. */
export class ThreadFiles implements FileStore {
  readonly open = this.#method('open');
  readonly where = this.#method('where');
  readonly read = this.#method('read');
  readonly write = this.#method('write');
  readonly stat = this.#method('stat');
  readonly statAt = this.#method('statAt');
  readonly list = this.#method('list');
  readonly makeDirectory = this.#method('makeDirectory');
  readonly removeDirectory = this.#method('removeDirectory');
  readonly unlink = this.#method('unlink');
  readonly rename = this.#method('rename');
  readonly resize = this.#method('resize');
  readonly setTimes = this.#method('setTimes');
  readonly sync = this.#method('sync');
  readonly close = this.#method('close');
  readonly used = this.#unlessNew(this.#method('used'));
  readonly removeScratch = this.#method('removeScratch');
  readonly #thread: ServiceThread;

  /**
   * @param order for the thread
   * @param onFault told what went wrong in it, for the log
   */
  constructor(order: FilesOrder, onFault: (message: string) => void, entry: URL = FILES_THREAD) {
    const restartMs = FILE_LIMITS.threadRestartMs;
    this.#thread = new ServiceThread({ entry, order, name: 'the files thread', restartMs, onFault });
  }

  chargedTo(spent: (us: number) => void): FileStore {
    return {
      open: this.#method('open', spent),
      where: this.#method('where', spent),
      read: this.#method('read', spent),
      write: this.#method('write', spent),
      stat: this.#method('stat', spent),
      statAt: this.#method('statAt', spent),
      list: this.#method('list', spent),
      makeDirectory: this.#method('makeDirectory', spent),
      removeDirectory: this.#method('removeDirectory', spent),
      unlink: this.#method('unlink', spent),
      rename: this.#method('rename', spent),
      resize: this.#method('resize', spent),
      setTimes: this.#method('setTimes', spent),
      sync: this.#method('sync', spent),
      close: this.#method('close', spent),
      used: this.used,
      removeScratch: this.#method('removeScratch', spent),
      chargedTo: (other) => this.chargedTo(other),
    };
  }

  async end(): Promise<void> {
    await this.#thread.close();
  }

  /** Who only looks starts no thread where there is nothing to see. */
  #unlessNew(used: FileStore['used']): FileStore['used'] {
    return (space, scratch) => {
      const isEmpty = !this.#thread.begun && (scratch === undefined || !existsSync(scratch.directory));
      return isEmpty ? Promise.resolve({ bytes: 0, entries: 0 }) : used(space, scratch);
    };
  }

  #method<Method extends FileMethod>(method: Method, spent?: (us: number) => void): FileStore[Method] {
    const send = (...given: unknown[]): Promise<unknown> => this.#thread.ask(method, given, spent);
    return send as FileStore[Method];
  }
}
