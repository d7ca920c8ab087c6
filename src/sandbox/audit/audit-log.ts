import { HostError } from '../../errors.js';
import { AUDIT_LIMITS } from '../../limits.js';
import type { Log } from '../../observe/log.js';
import { type Audit, type AuditEvent, type AuditEventName, bounded, SERVER_ACTOR } from './audit-event.js';
import { ChainWriter, type Dated } from './chain-writer.js';
import { Repeats } from './repeats.js';

/** What `/metrics` shows of the log. */
export interface AuditCounts {
  /** Lines that the disk has. */
  lines: number;
  /** Lines about what could not be stopped that were not kept. */
  lost: number;
  /** Changes that were refused because their line could not be written. */
  refused: number;
  /** New chains that had to begin since the start. */
  breaks: number;
  /** 1, or 0 when the last write failed. */
  writable: number;
}

export interface AuditLogOptions {
  /** `audit/` of the data directory; made where it is missing. */
  directory: string;
  log: Pick<Log, 'error' | 'warn'>;
  maxFileBytes?: number;
  repeatWindowMs?: number;
}

/** A line that waits, and who waits for it. A note has nobody. */
interface Waiting extends Dated {
  waiter: { resolve(): void; reject(error: HostError): void } | undefined;
}

/** What strangers can cause as often as they like. */
const REPEATED: ReadonlySet<AuditEventName> = new Set(['plugin.kill', 'denial']);

/**
 * The audit log of a server: what waits is written together, and the disk asked once for all of it. The lines stand in the order
 * of the calls.
 */
export class AuditLog implements Audit {
  readonly #writer: ChainWriter;
  readonly #log: Pick<Log, 'error' | 'warn'>;
  readonly #repeats: Repeats;
  readonly #counts: AuditCounts = { lines: 0, lost: 0, refused: 0, breaks: 0, writable: 1 };
  #queue: Waiting[] = [];
  #notes = 0;
  /** Lost since the last line that said how many. */
  #untold = 0;
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor({ log, repeatWindowMs, ...options }: AuditLogOptions) {
    this.#log = log;
    this.#writer = new ChainWriter({
      ...options,
      onBreak: (damage) => {
        this.#counts.breaks++;
        log.error({ ...damage }, 'the audit log is damaged: a new chain begins, see "hal9 audit verify"');
      },
    });
    this.#repeats = new Repeats((event) => this.#enqueueNote(event), repeatWindowMs);
  }

  get counts(): Readonly<AuditCounts> {
    return this.#counts;
  }

  /**
   * For what must not happen unaudited. Resolves when the line is on the disk.
   *
   * @throws HostError AUDIT_UNAVAILABLE when it cannot be written; the log has no such line then.
   */
  append(event: AuditEvent): Promise<void> {
    if (this.#queue.length - this.#notes >= AUDIT_LIMITS.maxWaiting) return Promise.reject(this.#refusal(undefined));
    return new Promise((resolve, reject) => {
      this.#enqueue({ event: bounded(event), atMs: Date.now(), waiter: { resolve, reject } });
    });
  }

  /** For what takes authority away, and must not be held up by a full disk: as `append`, or else as `note`. */
  async appendOrNote(event: AuditEvent): Promise<void> {
    try {
      await this.append(event);
    } catch {
      this.note(event);
    }
  }

  /** For what has happened already. A line that cannot be written waits; of those for which there is no room the next line says how many. */
  note(told: AuditEvent): void {
    // Bounded before it waits: what strangers say may be large, and much of it may wait.
    const event = bounded(told);
    if (REPEATED.has(event.event)) this.#repeats.offer(event);
    else this.#enqueueNote(event);
  }

  /** Writes what waits, as far as it can be written, and closes the file. */
  async close(): Promise<void> {
    this.#repeats.flush();
    clearTimeout(this.#retry);
    await this.#writing;
    this.#wake();
    await this.#writing;
    clearTimeout(this.#retry);
    const left = this.#notes + this.#untold;
    if (left > 0) this.#log.error({ lines: left }, 'lines of the audit log were lost: it could not be written');
    await this.#writer.close();
  }

  #enqueueNote(event: AuditEvent): void {
    if (this.#notes < AUDIT_LIMITS.maxWaitingNotes) {
      this.#notes++;
      this.#enqueue({ event, atMs: Date.now(), waiter: undefined });
      return;
    }
    this.#counts.lost++;
    this.#untold++;
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting);
    this.#wake();
  }

  #wake(): void {
    if (this.#writing === undefined && this.#queue.length > 0) this.#writing = this.#drain();
  }

  /** Writes until nothing waits, or the disk takes no more. Something waits when it is called. */
  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#writeBatch();
    } catch (error) {
      this.#failed(error);
    }
    // Before anything else runs: what comes now has to wake the next one.
    this.#writing = undefined;
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#queue.slice(0, AUDIT_LIMITS.maxBatchLines);
    const told = this.#untold;
    const written = await this.#writer.write([...lossOf(told), ...batch]);
    this.#counts.lines += written;
    this.#untold -= told;
    this.#queue.splice(0, batch.length);
    this.#written(batch);
  }

  #written(batch: readonly Waiting[]): void {
    if (this.#counts.writable === 0) this.#log.warn('the audit log can be written again');
    this.#counts.writable = 1;
    for (const { waiter } of batch) {
      if (waiter === undefined) this.#notes--;
      else waiter.resolve();
    }
  }

  /** Whoever waits is refused; notes are tried again, later or with the next line. */
  #failed(error: unknown): void {
    if (this.#counts.writable === 1) this.#log.error({ err: error }, 'the audit log cannot be written');
    this.#counts.writable = 0;
    const refused = this.#queue.filter(({ waiter }) => waiter !== undefined);
    this.#queue = this.#queue.filter(({ waiter }) => waiter === undefined);
    for (const { waiter } of refused) waiter?.reject(this.#refusal(error));
    clearTimeout(this.#retry);
    if (this.#queue.length > 0) this.#retry = setTimeout(() => this.#wake(), AUDIT_LIMITS.retryMs).unref();
  }

  #refusal(cause: unknown): HostError {
    this.#counts.refused++;
    const message =
      'the audit log cannot be written, and this must not happen without it; make room on the disk, or see the log';
    return new HostError('AUDIT_UNAVAILABLE', message, { cause });
  }
}

/** The line that says how many were lost, if any were. */
function lossOf(lines: number): Dated[] {
  if (lines === 0) return [];
  const event: AuditEvent = { event: 'audit.lost', actor: SERVER_ACTOR, details: { lines: String(lines) } };
  return [{ event, atMs: Date.now() }];
}
