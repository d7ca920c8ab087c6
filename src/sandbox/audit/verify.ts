import type { AuditFile } from './audit-files.js';
import { type Head, START } from './audit-line.js';
import { ChainDamaged, type Damage, readChain } from './chain.js';

/** What became of a verification. */
export interface ChainReport {
  files: number;
  /** In order, before the damage if there is any. */
  lines: number;
  firstSeq: number;
  /** The last line that is in order. */
  head: Head & { at: string };
  damage?: Damage;
}

/** A line that is known to have been in the log. */
export type Known = Head;

/**
 * Verifies a log, in bounded memory.
 *
 * @param after what the first line must follow: `START` in a log, `'anything'` in a part of one
 * @param known a line that must be there
 */
export async function verifyChain(
  files: readonly AuditFile[],
  after: Head | 'anything' = START,
  known?: Known,
): Promise<ChainReport> {
  const report: ChainReport = { files: files.length, lines: 0, firstSeq: 0, head: { ...START, at: '' } };
  let last: { file: string; line: number } = { file: files[0]?.name ?? '000001.jsonl', line: 1 };
  const damaged = (why: string): ChainReport => ({ ...report, damage: { ...last, why } });
  try {
    for await (const { entry, file, number } of readChain(files, after)) {
      last = { file: file.name, line: number };
      if (entry.seq === known?.seq && entry.hash !== known.hash) return damaged('it is not the line of the checkpoint');
      if (report.lines === 0) report.firstSeq = entry.seq;
      report.lines++;
      report.head = { seq: entry.seq, hash: entry.hash, at: entry.at };
    }
  } catch (error) {
    if (error instanceof ChainDamaged) return { ...report, damage: error.damage };
    throw error;
  }
  if (report.lines === 0) return damaged('there is no line at all, and a server writes one when it starts');
  if (known === undefined || (report.firstSeq <= known.seq && known.seq <= report.head.seq)) return report;
  return damaged(
    known.seq > report.head.seq
      ? `the log ends here with seq ${report.head.seq}, the checkpoint was made at ${known.seq}: lines were cut off`
      : `the log begins with seq ${report.firstSeq}, behind the checkpoint's ${known.seq}`,
  );
}
