import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AUDIT_LIMITS } from '../../limits.js';
import { syncDirectory } from '../../package/durable-file.js';
import { type AuditEvent, SERVER_ACTOR } from './audit-event.js';
import { type AuditFile, listAuditFiles, type RawLine, readRawLines } from './audit-files.js';
import { decodeLine, type Head, NO_LINE, START, sha256 } from './audit-line.js';
import { ChainDamaged, checkLine, type Damage } from './chain.js';

/** A log as it is found before it is written to. */
export interface Recovered {
  /** What the next line follows. */
  head: Head;
  /** The newest file, which is gone on with; undefined where a new one must begin. */
  file: AuditFile | undefined;
  /** Why a new chain must begin. */
  damage: Damage | undefined;
  /** Lines that say so, to be written before any other. */
  events: AuditEvent[];
}

/** Names of what was cut off: until the chain has a line about it, and from then on. */
const [PENDING, TOLD] = ['.torn-pending', '.torn'];

/**
 * Finds the end of the chain. The newest file that has lines is checked whole. What stands in it behind the last line break is what
 * a crash has left of lines that nobody was told of; it is cut off and kept beside it. A whole line there gets its line break.
 */
export async function recover(directory: string): Promise<Recovered> {
  const files = await listAuditFiles(directory);
  let head = START;
  for (const file of files.toReversed()) {
    const found = await scan(file);
    if (found.damage !== undefined) return brokenAt(directory, found.damage, found);
    if (found.torn !== undefined) await cutOff(directory, file, found.torn);
    if (found.unended) await end(file);
    head = found.lastGood;
    if (head.seq > 0) break;
  }
  return { head, file: files.at(-1), damage: undefined, events: await tornEvents(directory) };
}

/** A new chain, whose first line says what the old one was. */
export async function brokenAt(
  directory: string,
  damage: Damage,
  { lastGood, highestSeq }: { lastGood: Head; highestSeq: number },
): Promise<Recovered> {
  const details = {
    file: damage.file,
    line: String(damage.line),
    why: damage.why,
    last_good_seq: String(lastGood.seq),
    last_good_hash: lastGood.hash,
    file_sha256: await fileHash(join(directory, damage.file)),
  };
  const event: AuditEvent = { event: 'audit.break', actor: SERVER_ACTOR, details };
  return { head: { seq: highestSeq, hash: NO_LINE }, file: undefined, damage, events: [event] };
}

/** After the lines about them are durable. */
export async function markTold(directory: string): Promise<void> {
  for (const name of await pendingNames(directory)) {
    await rename(join(directory, name), join(directory, name.replace(PENDING, TOLD)));
  }
}

interface Scanned {
  lastGood: Head;
  /** No number up to this one is given to a new line. */
  highestSeq: number;
  damage: Damage | undefined;
  torn: RawLine | undefined;
  /** The last line is whole, but for its line break. */
  unended: boolean;
}

async function scan(file: AuditFile): Promise<Scanned> {
  const found: Scanned = { lastGood: START, highestSeq: 0, damage: undefined, torn: undefined, unended: false };
  for await (const line of readRawLines(file.path)) {
    if (found.damage !== undefined || line.whole || line.bytes.length > AUDIT_LIMITS.maxLineBytes)
      scanLine(found, line, file);
    else scanTail(found, line, file);
  }
  return found;
}

/** What no line break ends: a line that lacks nothing else, damage to one that was whole, or the beginning of one. */
function scanTail(found: Scanned, line: RawLine, file: AuditFile): void {
  const end = endOfLine(line.bytes);
  if (end === undefined) found.torn = line;
  else if (end < line.bytes.length) scanLine(found, line, file);
  else {
    scanLine(found, { ...line, whole: true }, file);
    found.unended = found.damage === undefined;
  }
}

/** Where in these bytes a whole line ends; undefined where they hold none, as the beginning of a line does not. */
function endOfLine(bytes: Buffer): number | undefined {
  for (const { index, 0: text } of bytes.toString('latin1').matchAll(/,"hash":"[0-9a-f]{64}"\}/g)) {
    const end = index + text.length;
    if ('entry' in decodeLine(bytes.subarray(0, end))) return end;
  }
  return undefined;
}

function scanLine(found: Scanned, line: RawLine, file: AuditFile): void {
  const decoded = decodeLine(line.bytes);
  if ('entry' in decoded) found.highestSeq = Math.max(found.highestSeq, decoded.entry.seq);
  if (found.damage !== undefined) return;
  try {
    const { seq, hash } = checkLine(line, file, found.lastGood.seq === 0 ? 'anything' : found.lastGood);
    found.lastGood = { seq, hash };
  } catch (error) {
    if (!(error instanceof ChainDamaged)) throw error;
    found.damage = error.damage;
  }
}

/** Copied first: a crash between the two leaves it in both places, and the next start cuts it off again. */
async function cutOff(directory: string, log: AuditFile, torn: RawLine): Promise<void> {
  const aside = await open(join(directory, `${log.name}.${torn.number}${PENDING}`), 'w', 0o600);
  try {
    await aside.writeFile(torn.bytes);
    await aside.sync();
  } finally {
    await aside.close();
  }
  await syncDirectory(directory);
  const file = await open(log.path, 'r+');
  try {
    await file.truncate(torn.end - torn.bytes.length);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives the last line its line break. */
async function end(log: AuditFile): Promise<void> {
  const file = await open(log.path, 'a');
  try {
    await file.writeFile('\n');
    await file.sync();
  } finally {
    await file.close();
  }
}

async function tornEvents(directory: string): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for (const name of await pendingNames(directory)) {
    const bytes = await readFile(join(directory, name));
    const details = { kept: name.replace(PENDING, TOLD), bytes: String(bytes.length), sha256: sha256(bytes) };
    events.push({ event: 'audit.torn', actor: SERVER_ACTOR, details });
  }
  return events;
}

async function pendingNames(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(PENDING)).sort();
}

/** Empty where there is no such file. */
async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch {
    return '';
  }
  return hash.digest('hex');
}
