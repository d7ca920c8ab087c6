/**
 * The data directory of a server, which is the only thing that a server keeps between its runs:
 *
 *     schema        the version of this layout, a number
 *     plugins.json  the index of installed plugins
 *     packages/     <digest>.hal9 and <digest>.json, its summary
 *     trust.json    the keys that the operator trusts or has revoked; made by the first of them
 *     prepared/     prepared modules, which can be made again
 *     audit/        the audit log, made by the first line of it; only ever added to
 *     scratch/      a directory for each plugin that was granted one; made by the first of them
 *     lock/         who uses the directory
 *     aside/        files that are being written; emptied at every start
 *
 * The directory belongs to the operator and is trusted; what is in `packages/` was checked before it was put there.
 */

import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../errors.js';
import { DataLock } from './data-lock.js';
import { systemCode, writeWhole } from './durable-file.js';
import { PreparedCache } from './prepared-cache.js';
import { PackageStore } from './store.js';

const SCHEMA = '1';
/** The database of plugins' memory, and what SQLite writes beside it. */
const MEMORY_FILES = ['memory.db', 'memory.db-wal', 'memory.db-shm'] as const;
const DIRECTORIES = ['packages', 'prepared', 'aside'] as const;

export class DataDirectory {
  readonly store: PackageStore;
  readonly cache: PreparedCache;
  /** The database of plugins' memory; readable by its owner alone, as what SQLite writes beside it. */
  readonly memoryFile: string;
  /** Where plugins have a directory each, by their ids: made by the first of them. */
  readonly scratchDirectory: string;
  /** Where the audit log is, or will be. */
  readonly auditDirectory: string;
  /** The list of keys, or where it will be. */
  readonly trustFile: string;
  /** Where files of this directory are written before they are renamed. */
  readonly asideDirectory: string;
  readonly #lock: DataLock;

  private constructor(root: string, lock: DataLock) {
    this.store = new PackageStore(root);
    this.asideDirectory = join(root, 'aside');
    this.cache = new PreparedCache(join(root, 'prepared'), this.asideDirectory);
    this.memoryFile = join(root, MEMORY_FILES[0]);
    this.scratchDirectory = join(root, 'scratch');
    this.auditDirectory = join(root, 'audit');
    this.trustFile = join(root, 'trust.json');
    this.#lock = lock;
  }

  /**
   * Opens a data directory, or makes one of a directory that is missing or empty, and cleans up what a crash left.
   * @throws HostError DATA_DIR_LOCKED, DATA_DIR_SCHEMA, DATA_DIR_DAMAGED
   */
  static async open(root: string): Promise<DataDirectory> {
    await refuseForeign(root);
    await mkdir(join(root, 'lock'), { recursive: true, mode: 0o700 });
    const lock = await DataLock.take(join(root, 'lock'));
    try {
      const isNew = await checkSchema(root);
      await rm(join(root, 'aside'), { recursive: true, force: true });
      for (const name of DIRECTORIES) await mkdir(join(root, name), { recursive: true, mode: 0o700 });
      const directory = new DataDirectory(root, lock);
      if (isNew) await initialise(root, directory.store);
      await directory.store.removeUnnamed();
      await (await open(directory.memoryFile, 'a', 0o600)).close();
      return directory;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Gives the directory back. What is being written must have been waited for. */
  async close(): Promise<void> {
    await this.#lock.release();
  }
}

/** A directory that holds something else is not made into a data directory: a mistyped path must not be cleaned up. */
async function refuseForeign(root: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(root);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  const own = new Set<string>([...DIRECTORIES, ...MEMORY_FILES, 'audit', 'scratch', 'lock', 'plugins.json', 'schema']);
  if (names.includes('schema') || names.every((name) => own.has(name) || name === 'lost+found')) return;
  throw new HostError(
    'DATA_DIR_SCHEMA',
    'expected a data directory or an empty directory, found one with other files in it',
  );
}

/** Answers whether the directory is new. */
async function checkSchema(root: string): Promise<boolean> {
  let found: string;
  try {
    found = (await readFile(join(root, 'schema'), 'utf8')).trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw error;
  }
  if (found === SCHEMA) return false;
  throw new HostError(
    'DATA_DIR_SCHEMA',
    `expected a data directory with schema ${SCHEMA}, found ${JSON.stringify(found.slice(0, 20))}: use the version that wrote it`,
  );
}

/**
 * The schema is written last, so a directory with a schema has an index. One with an index and no schema was cut off between the two,
 * and its index is empty; if it is not, the schema got lost.
 */
async function initialise(root: string, store: PackageStore): Promise<void> {
  const names = await readdir(root);
  if (names.includes('plugins.json') && (await store.readIndex()).length > 0) {
    throw new HostError(
      'DATA_DIR_DAMAGED',
      'the data directory is damaged: it has plugins and no schema file; restore it from a backup',
    );
  }
  await store.writeIndex([]);
  await writeWhole(join(root, 'schema'), `${SCHEMA}\n`, { asideDirectory: join(root, 'aside'), durable: true });
}
