import { setTimeout } from 'node:timers/promises';
import { type AuditFile, listAuditFiles, type Place, readRawLines } from './audit-files.js';
import { type AuditEntry, decodeLine } from './audit-line.js';
import { type ChainLine, readChain } from './chain.js';

/** A line by its number, or by when it was written. */
export type Bound = { seq: number } | { atMs: number };

const isBefore = ({ seq, at }: AuditEntry, bound: Bound): boolean =>
  'seq' in bound ? seq < bound.seq : Date.parse(at) < bound.atMs;
const isAfter = ({ seq, at }: AuditEntry, bound: Bound): boolean =>
  'seq' in bound ? seq > bound.seq : Date.parse(at) > bound.atMs;

/**
 * The lines from the first that is not before `from` to the last before one that is after `to`: a piece of the chain, which can be
 * verified by itself. It is verified on the way, from the beginning of the file that it begins in.
 *
 * @throws ChainDamaged
 */
export async function* selectLines(files: readonly AuditFile[], from?: Bound, to?: Bound): AsyncGenerator<ChainLine> {
  let begun = from === undefined;
  for await (const line of readChain(await filesFrom(files, from), 'anything')) {
    begun ||= from !== undefined && !isBefore(line.entry, from);
    if (!begun) continue;
    if (to !== undefined && isAfter(line.entry, to)) return;
    yield line;
  }
}

/** Without those that lie wholly before the bound, so that damage in them is of no matter. */
async function filesFrom(files: readonly AuditFile[], from: Bound | undefined): Promise<readonly AuditFile[]> {
  if (from === undefined) return files;
  let first = 0;
  for (const [i, file] of files.entries()) {
    const entry = await firstEntry(file);
    if (entry !== undefined && isBefore(entry, from)) first = i;
  }
  return files.slice(first);
}

async function firstEntry(file: AuditFile): Promise<AuditEntry | undefined> {
  for await (const { bytes } of readRawLines(file.path)) {
    const decoded = decodeLine(bytes);
    return 'entry' in decoded ? decoded.entry : undefined;
  }
  return undefined;
}

/** A line as it stands there, damaged or not. */
export interface TailLine {
  bytes: Buffer;
  /** Undefined where it is damaged. */
  entry: AuditEntry | undefined;
}

const tailLine = (bytes: Buffer): TailLine => {
  const decoded = decodeLine(bytes);
  return { bytes, entry: 'entry' in decoded ? decoded.entry : undefined };
};

const POLL_MS = 250;

/**
 * The last lines of the log, and, where it is followed, those that are written from then on. What has no line break yet is left out.
 */
export async function* tailLines(directory: string, count: number, follow: boolean): AsyncGenerator<TailLine> {
  const { lines, file, place } = await lastLines(directory, count);
  yield* lines.map(tailLine);
  if (!follow) return;
  let at = { number: file, place };
  for (;;) {
    await setTimeout(POLL_MS);
    for (const next of (await listAuditFiles(directory)).filter(({ number }) => number >= at.number)) {
      if (next.number > at.number) at = { number: next.number, place: { offset: 0, lines: 0 } };
      for await (const line of readRawLines(next.path, at.place)) {
        if (!line.whole) break;
        at.place = { offset: line.end, lines: line.number };
        yield tailLine(line.bytes);
      }
    }
  }
}

/** Reads files from the newest backwards until there are enough lines. Keeps the last `count` of each. */
async function lastLines(directory: string, count: number): Promise<{ lines: Buffer[]; file: number; place: Place }> {
  let lines: Buffer[] = [];
  let [file, place]: [number, Place] = [0, { offset: 0, lines: 0 }];
  for (const { number, path } of (await listAuditFiles(directory)).toReversed()) {
    const own: Buffer[] = [];
    for await (const line of readRawLines(path)) {
      if (!line.whole) break;
      // A copy: the reader's buffer holds the lines around it as well.
      own.push(Buffer.from(line.bytes));
      if (own.length > 2 * count) own.splice(0, count);
      if (number >= file) [file, place] = [number, { offset: line.end, lines: line.number }];
    }
    if (file === 0) file = number;
    lines = [...own, ...lines].slice(-count);
    if (lines.length >= count) break;
  }
  return { lines, file, place };
}
