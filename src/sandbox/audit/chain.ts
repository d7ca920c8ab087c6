import { stands } from '../../protocol/defences.js';
import type { AuditFile, RawLine } from './audit-files.js';
import { readRawLines, readSettledLines } from './audit-files.js';
import { type AuditEntry, decodeLine, type Head, NO_LINE, START } from './audit-line.js';

/** Where a log is not what was written. */
export interface Damage {
  /** Name of the file, without its folder. */
  file: string;
  /** From 1. */
  line: number;
  /** A sentence about the line, without a subject's name: "its bytes are not …". */
  why: string;
}

/** The first line that is not what was written. */
export class ChainDamaged extends Error {
  readonly damage: Damage;

  constructor(damage: Damage) {
    super(`${damage.file} line ${damage.line}: ${damage.why}`);
    this.name = 'ChainDamaged';
    this.damage = damage;
  }
}

/** A line that is what was written, as far as the lines before it can tell. */
export interface ChainLine {
  entry: AuditEntry;
  /** As it stands in the file, without the line break. */
  bytes: Buffer;
  file: AuditFile;
  number: number;
}

/**
 * The lines of these files, each checked against its hash and the line before it.
 *
 * @param after what the first line must follow: `START` in a log, `'anything'` in a part of one
 * @throws ChainDamaged at the first line that is damaged, or does not follow.
 */
export async function* readChain(
  files: readonly AuditFile[],
  after: Head | 'anything' = START,
): AsyncGenerator<ChainLine> {
  let head: Head | 'anything' = after;
  for (const file of files) {
    // Of the files before the last one nothing is written any more.
    const lines = file === files.at(-1) ? readSettledLines(file.path) : readRawLines(file.path);
    for await (const line of lines) {
      const entry = checkLine(line, file, head);
      head = entry;
      yield { entry, bytes: line.bytes, file, number: line.number };
    }
  }
}

/** @throws ChainDamaged */
export function checkLine(line: RawLine, file: AuditFile, after: Head | 'anything'): AuditEntry {
  const fail = (why: string): ChainDamaged => new ChainDamaged({ file: file.name, line: line.number, why });
  if (!line.whole) throw fail('it does not end with a line break');
  const decoded = decodeLine(line.bytes);
  if ('fault' in decoded) throw fail(decoded.fault);
  const { entry } = decoded;
  if (after === 'anything') return entry;
  if (entry.event === 'audit.break' && entry.prev === NO_LINE && line.number === 1) {
    // What was before it has been put elsewhere, where it may be looked at.
    if (after.seq === 0) return entry;
    throw fail(`a new chain begins here, because the log was damaged: ${entry.details['why'] ?? ''}`);
  }
  if (!stands('audit-chain')) return entry;
  if (entry.seq !== after.seq + 1) throw fail(`expected seq ${after.seq + 1}, found ${entry.seq}: lines are missing`);
  if (entry.prev !== after.hash) throw fail('it does not follow the line before it');
  return entry;
}
