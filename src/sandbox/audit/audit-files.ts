/** The files of the log: `000001.jsonl` and so on, each going on where the one before it ends. */

import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AUDIT_LIMITS } from '../../limits.js';

export interface AuditFile {
  number: number;
  name: string;
  path: string;
}

export function auditFile(directory: string, number: number): AuditFile {
  const name = `${String(number).padStart(6, '0')}.jsonl`;
  return { number, name, path: join(directory, name) };
}

/** In the order of the chain. */
export async function listAuditFiles(directory: string): Promise<AuditFile[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{6,15}\.jsonl$/.test(name));
  return names
    .map((name) => ({ number: Number.parseInt(name, 10), name, path: join(directory, name) }))
    .sort((a, b) => a.number - b.number);
}

/** What stands between two line breaks, or behind the last one. */
export interface RawLine {
  /** Without the line break. */
  bytes: Buffer;
  /** From 1, in its file. */
  number: number;
  /** Whether a line break ends it. Without one it is the last of its file, or longer than any line may be. */
  whole: boolean;
  /** Offset in the file behind it. */
  end: number;
}

const CHUNK_BYTES = 65_536;

/** A place between two lines of a file. */
export interface Place {
  /** In bytes. */
  offset: number;
  /** Lines before it. */
  lines: number;
}

/** The lines of a file, one after the other, in bounded memory. What is longer than a line may be ends the reading. */
export async function* readRawLines(path: string, from: Place = { offset: 0, lines: 0 }): AsyncGenerator<RawLine> {
  const file = await open(path, 'r');
  try {
    let [rest, end, number] = [Buffer.alloc(0), from.offset, from.lines];
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, end + rest.length);
      if (bytesRead === 0) break;
      let begin = 0;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      for (let stop = bytes.indexOf(0x0a, rest.length); stop >= 0; stop = bytes.indexOf(0x0a, begin)) {
        end += stop + 1 - begin;
        yield { bytes: bytes.subarray(begin, stop), number: ++number, whole: true, end };
        begin = stop + 1;
      }
      rest = bytes.subarray(begin);
      if (rest.length > AUDIT_LIMITS.maxLineBytes) break;
    }
    if (rest.length > 0) yield { bytes: rest, number: number + 1, whole: false, end: end + rest.length };
  } finally {
    await file.close();
  }
}

/** How long, and how often, a line is waited for that a server may be writing. */
const SETTLE = { tries: 20, waitMs: 50 };

/** As `readRawLines`, of a file that a server may be writing to: a last line that is not whole is given time to become so. */
export async function* readSettledLines(path: string): AsyncGenerator<RawLine> {
  let place: Place = { offset: 0, lines: 0 };
  for (let attempt = 0; ; attempt++) {
    let torn: RawLine | undefined;
    for await (const line of readRawLines(path, place)) {
      if (line.whole) {
        yield line;
        place = { offset: line.end, lines: line.number };
      } else torn = line;
    }
    if (torn === undefined) return;
    if (attempt === SETTLE.tries || torn.bytes.length > AUDIT_LIMITS.maxLineBytes) {
      yield torn;
      return;
    }
    await setTimeout(SETTLE.waitMs);
  }
}
