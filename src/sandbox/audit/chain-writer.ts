import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { AUDIT_LIMITS } from '../../limits.js';
import { passed } from '../../package/crash-steps.js';
import { syncDirectory, systemCode } from '../../package/durable-file.js';
import type { AuditEvent } from './audit-event.js';
import { type AuditFile, auditFile, listAuditFiles } from './audit-files.js';
import { encodeLine, type Head, START } from './audit-line.js';
import type { Damage } from './chain.js';
import { brokenAt, markTold, type Recovered, recover } from './recover.js';

/** An event and when it happened, in milliseconds since the epoch. */
export interface Dated {
  event: AuditEvent;
  atMs: number;
}

/** The file that is written to, and how far it is known to be good. */
interface Current {
  file: AuditFile;
  handle: FileHandle;
  size: number;
  inode: number;
}

export interface ChainWriterOptions {
  /** Made where it is missing. */
  directory: string;
  /** A new chain had to begin. */
  onBreak(damage: Damage): void;
  maxFileBytes?: number;
}

/**
 * Writes lines behind the end of the chain, so that they are on the disk or not in the log. One write at a time.
 *
 * What was written is known by size and hash: where the file is another one than was left, somebody has changed it, and a new chain
 * begins that says so.
 */
export class ChainWriter {
  readonly #options: ChainWriterOptions;
  #current: Current | undefined;
  /** Undefined until the log was opened once. */
  #head: Head | undefined;
  /** To be written before anything else. */
  #events: AuditEvent[] = [];
  /** A write failed, and what it left behind has not been removed. */
  #dirty = false;

  constructor(options: ChainWriterOptions) {
    this.#options = options;
  }

  /** Resolves to the number of lines once the disk has them all; when it rejects, the chain has none of them. */
  async write(events: readonly Dated[]): Promise<number> {
    const current = await this.#ready();
    const nowMs = Date.now();
    const dated = [...this.#events.map((event) => ({ event, atMs: nowMs })), ...events];
    let [text, head] = ['', this.#head ?? START];
    for (const { event, atMs } of dated) {
      const line = encodeLine(event, atMs, head);
      text += line.text;
      head = line.head;
    }
    const bytes = Buffer.from(text);
    await this.#add(bytes, current);
    current.size += bytes.length;
    this.#head = head;
    if (this.#events.length > 0) await this.#told();
    return dated.length;
  }

  async #add(bytes: Buffer, { handle, file }: Current): Promise<void> {
    this.#dirty = true;
    try {
      await handle.appendFile(bytes);
      passed('audit-written', file.path);
      await handle.datasync();
      passed('audit-synced', file.path);
      this.#dirty = false;
    } catch (error) {
      // Where this fails as well, the next write begins with it.
      await this.#clean().catch(() => undefined);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#current?.handle.close();
    this.#current = undefined;
  }

  /** The lines are on the disk: what fails here must not be taken for their failure. The next start tells it once more. */
  async #told(): Promise<void> {
    this.#events = [];
    await markTold(this.#options.directory).catch(() => undefined);
  }

  async #ready(): Promise<Current> {
    if (this.#dirty) await this.#clean();
    if (this.#current !== undefined && !(await isUnchanged(this.#current))) await this.#letGo();
    const current = this.#current ?? (await this.#open());
    return current.size < (this.#options.maxFileBytes ?? AUDIT_LIMITS.maxFileBytes) ? current : this.#begin();
  }

  /** Removes what a failed write may have left. */
  async #clean(): Promise<void> {
    if (this.#current !== undefined && (await isUnchanged(this.#current, 'grown'))) {
      await this.#current.handle.truncate(this.#current.size);
      await this.#current.handle.datasync();
    }
    this.#dirty = false;
  }

  async #letGo(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.handle.close();
  }

  async #open(): Promise<Current> {
    const { directory, onBreak } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const found = await this.#compare(await recover(directory));
    const current = found.file === undefined ? await this.#begin() : await openFile(found.file);
    this.#current = current;
    // Last, so that one that failed half-way is done again.
    this.#head = found.head;
    this.#events = found.events;
    if (found.damage !== undefined) onBreak(found.damage);
    return current;
  }

  /** A log that ends elsewhere than this server has left it was cut, put back or replaced. */
  async #compare(found: Recovered): Promise<Recovered> {
    const left = this.#head;
    if (found.damage !== undefined || left === undefined || left.hash === found.head.hash) return found;
    const why = `the log was changed while the server ran: it ended with seq ${left.seq}, now with ${found.head.seq}`;
    const damage: Damage = { file: found.file?.name ?? auditFile('', 1).name, line: 1, why };
    const highestSeq = Math.max(left.seq, found.head.seq);
    return brokenAt(this.#options.directory, damage, { lastGood: left, highestSeq });
  }

  /** The next file: the newest one is full, or there is none that may be gone on with. */
  async #begin(): Promise<Current> {
    const { directory } = this.#options;
    const number = ((await listAuditFiles(directory)).at(-1)?.number ?? 0) + 1;
    const next = await openFile(auditFile(directory, number));
    await this.#letGo();
    this.#current = next;
    await syncDirectory(directory);
    return next;
  }
}

async function openFile(file: AuditFile): Promise<Current> {
  const handle = await open(file.path, 'a', 0o600);
  const { size, ino: inode } = await handle.stat();
  return { file, handle, size, inode };
}

/** Whether the file is still the one that was left. After a failed write it may have grown. */
async function isUnchanged({ file, size, inode }: Current, or?: 'grown'): Promise<boolean> {
  try {
    const now = await stat(file.path);
    return now.ino === inode && (now.size === size || (or === 'grown' && now.size > size));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}
