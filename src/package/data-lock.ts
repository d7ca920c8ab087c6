/**
 * The lock on a data directory: at most one living process of this machine holds it.
 *
 * Node has no flock, so the lock is a row of generations, files `lock/<N>`, of which the highest counts:
 * - It is taken by *linking* a complete file to the name N + 1, which succeeds for one taker, where N is missing, released, or of a
 *   process that is dead. A process is known by its pid, the moment it started and the boot of the machine: a pid is reused.
 * - It is released by renaming a released mark over one's own generation. The highest generation never disappears, so a taker
 *   that slept after it had judged N dead finds N + 1, or something higher, and not a free name to take by mistake.
 * - Older generations are removed by the holder of a higher one alone. A taker therefore looks again once it has its file, and gives
 *   it up if a higher one is there. (A directory of few entries is listed in one system call.)
 *
 * What it does not see: processes in other containers, or on other machines, that share the directory.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../errors.js';
import { systemCode } from './durable-file.js';

/** Who holds a generation; a released one has nobody. */
type Holder = { pid: number; startTicks: string; bootId: string } | { released: true };

/** Each attempt fails only because another process got further. */
const MAX_ATTEMPTS = 100;

export class DataLock {
  readonly #directory: string;
  readonly #generation: number;
  #held = true;

  private constructor(directory: string, generation: number) {
    this.#directory = directory;
    this.#generation = generation;
  }

  /**
   * Takes the lock.
   * @param directory of the generations; it exists
   * @throws HostError DATA_DIR_LOCKED with the pid of the holder
   */
  static async take(directory: string): Promise<DataLock> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const generation = await tryNext(directory);
      if (generation !== undefined) return new DataLock(directory, generation);
    }
    throw new HostError('DATA_DIR_LOCKED', 'several servers are starting on this data directory; start one');
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    const aside = await writeAside(this.#directory, { released: true });
    await rename(aside, join(this.#directory, String(this.#generation)));
  }
}

/** One attempt: the generation taken, or undefined where another process was faster. */
async function tryNext(directory: string): Promise<number | undefined> {
  const highest = Math.max(0, ...(await generations(directory)));
  if (highest > 0) {
    const holder = await readHolder(join(directory, String(highest)));
    if (holder !== undefined && isAlive(holder)) throw lockedBy(holder);
  }
  const mine = highest + 1;
  const aside = await writeAside(directory, identify(process.pid));
  try {
    await link(aside, join(directory, String(mine)));
  } catch (error) {
    if (systemCode(error) === 'EEXIST' || systemCode(error) === 'ENOENT') return undefined;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
  const all = await generations(directory);
  if (all.some((generation) => generation > mine)) {
    await rm(join(directory, String(mine)), { force: true });
    return undefined;
  }
  await clear(directory, mine);
  return mine;
}

async function generations(directory: string): Promise<number[]> {
  return (await readdir(directory)).filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number);
}

/** Removes what others left: generations below one's own, and files aside (a taker whose file is gone tries again). */
async function clear(directory: string, mine: number): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name !== String(mine)) await rm(join(directory, name), { force: true });
  }
}

async function writeAside(directory: string, holder: Holder): Promise<string> {
  const aside = join(directory, `aside-${randomBytes(12).toString('hex')}`);
  await writeFile(aside, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
  return aside;
}

/** Undefined where the file is gone or not whole: a lock is linked once it is whole, so nobody alive holds such a one. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(holder: Holder): boolean {
  if ('released' in holder || !Number.isSafeInteger(holder.pid) || holder.pid <= 0) return false;
  const now = identify(holder.pid);
  if (now.bootId !== holder.bootId) return false;
  if (now.bootId !== '') return now.startTicks !== '' && now.startTicks === holder.startTicks;
  return respondsToSignals(holder.pid);
}

function lockedBy(holder: Holder): HostError {
  const pid = 'pid' in holder ? String(holder.pid) : '?';
  return new HostError(
    'DATA_DIR_LOCKED',
    `the data directory is in use by the process ${pid}; stop it, or use another directory`,
    {
      details: { pid },
    },
  );
}

/** A process by more than its pid. Without /proc there is only the pid: then the other two are empty. */
function identify(pid: number): { pid: number; startTicks: string; bootId: string } {
  return { pid, startTicks: startTicks(pid), bootId: readText('/proc/sys/kernel/random/boot_id').trim() };
}

/** Field 22 of /proc/PID/stat: when it started, in ticks since boot. Empty for a process that is gone, or a zombie. */
function startTicks(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`);
  // Field 2, the command in parentheses, may hold anything: count from the last parenthesis, behind which field 3 stands.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function respondsToSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
