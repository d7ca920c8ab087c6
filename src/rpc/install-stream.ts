import { createHash } from 'node:crypto';
import { HostError } from '../errors.js';
import { PACKAGE_LIMITS, REQUEST_LIMITS, SERVER_LIMITS } from '../limits.js';
import type { InstallOrder } from '../plugin/plugins-api.js';
import { type DecisionsMessage, readDecisions } from './decisions.js';

/** `hal9.plugin.v1.InstallPluginRequest`, decoded. */
export interface InstallPart {
  part?: 'header' | 'chunk';
  header?: InstallHeader | null;
  chunk?: Uint8Array;
}

/** `hal9.plugin.v1.InstallHeader`, decoded. */
export interface InstallHeader {
  sizeBytes: string;
  sha256: string;
  dryRun: boolean;
  decisions: DecisionsMessage | null;
}

/** A package, and how it is to be installed. */
export interface CollectedPackage {
  bytes: Uint8Array;
  order: InstallOrder;
}

/** How long a client may take for the next message, and for all of them. */
export interface InstallTimes {
  idleMs: number;
  totalMs: number;
}

const DEFAULT_TIMES: InstallTimes = { idleMs: SERVER_LIMITS.installIdleMs, totalMs: SERVER_LIMITS.installMs };

/**
 * Collects the package of one InstallPlugin call. Memory grows with what arrived, not with what the header claims, nor with
 * how many messages it arrived in.
 *
 * @returns the package's bytes, whose size and hash are those of the header, and what the header asks for besides.
 * @throws HostError REQUEST_INVALID for parts out of order, decisions that are none, or a size or hash that does not match; PACKAGE_TOO_LARGE;
 *   DEADLINE where the client stalls; CALL_CANCELLED where it goes away.
 */
export async function collectPackage(
  parts: AsyncIterable<InstallPart>,
  times: InstallTimes = DEFAULT_TIMES,
): Promise<CollectedPackage> {
  let buffer = Buffer.alloc(0);
  let received = 0;
  let header: { sizeBytes: number; sha256: string; order: InstallOrder } | undefined;
  for await (const part of inTime(parts, times)) {
    if (header === undefined) {
      header = readHeader(part);
      continue;
    }
    const chunk = readChunk(part);
    const end = received + chunk.length;
    if (end > header.sizeBytes) throw sizeMismatch(header.sizeBytes, 'more');
    if (end > buffer.length) buffer = grown(buffer, Math.min(header.sizeBytes, 2 * end));
    buffer.set(chunk, received);
    received = end;
  }
  if (header === undefined)
    throw new HostError('REQUEST_INVALID', 'expected a header and chunks, found an empty stream');
  if (received < header.sizeBytes) throw sizeMismatch(header.sizeBytes, `${received}`);
  const bytes = buffer.subarray(0, received);
  checkHash(bytes, header.sha256);
  return { bytes, order: header.order };
}

function grown(buffer: Buffer, size: number): Buffer<ArrayBuffer> {
  const larger = Buffer.alloc(size);
  larger.set(buffer);
  return larger;
}

function readHeader({ part, header }: InstallPart): { sizeBytes: number; sha256: string; order: InstallOrder } {
  if (part !== 'header' || !header) {
    throw new HostError('REQUEST_INVALID', `the first message must be the header, found ${part ?? 'an empty message'}`);
  }
  const sizeBytes = Number(header.sizeBytes);
  if (sizeBytes > PACKAGE_LIMITS.maxFileBytes) {
    throw new HostError(
      'PACKAGE_TOO_LARGE',
      `header.size_bytes: a package may have ${PACKAGE_LIMITS.maxFileBytes} bytes, this one has ${header.sizeBytes}`,
    );
  }
  if (header.sha256 !== '' && !/^[0-9a-fA-F]{64}$/.test(header.sha256)) {
    throw new HostError('REQUEST_INVALID', 'header.sha256: expected 64 hexadecimal digits or nothing');
  }
  const order = { dryRun: header.dryRun, decisions: readDecisions(header.decisions) };
  return { sizeBytes, sha256: header.sha256.toLowerCase(), order };
}

function readChunk({ part, chunk }: InstallPart): Uint8Array {
  if (part !== 'chunk' || chunk === undefined) {
    throw new HostError(
      'REQUEST_INVALID',
      `every message after the first must be a chunk, found ${part ?? 'an empty one'}`,
    );
  }
  if (chunk.length === 0) {
    throw new HostError('REQUEST_INVALID', 'chunk: expected at least one byte a message, found none');
  }
  if (chunk.length > REQUEST_LIMITS.maxChunkBytes) {
    throw new HostError(
      'REQUEST_INVALID',
      `chunk: at most ${REQUEST_LIMITS.maxChunkBytes} bytes a message, found ${chunk.length}`,
    );
  }
  return chunk;
}

function sizeMismatch(expected: number, found: string): HostError {
  return new HostError('REQUEST_INVALID', `header.size_bytes says ${expected} bytes, the stream carried ${found}`);
}

function checkHash(bytes: Uint8Array, expected: string): void {
  if (expected === '') return;
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === expected) return;
  throw new HostError(
    'REQUEST_INVALID',
    `header.sha256 says ${expected}, the bytes have ${found}; send the package again`,
  );
}

/** Passes parts on, and gives up on a client that is silent for too long, takes too long in all, or went away. */
async function* inTime(
  parts: AsyncIterable<InstallPart>,
  { idleMs, totalMs }: InstallTimes,
): AsyncGenerator<InstallPart> {
  const iterator = parts[Symbol.asyncIterator]();
  let late: (error: HostError) => void = () => {};
  const tooLate = new Promise<never>((_resolve, reject) => (late = reject));
  tooLate.catch(() => {});
  const idle = setTimeout(() => late(deadline(`nothing of the package arrived for ${idleMs} ms`)), idleMs);
  const total = setTimeout(() => late(deadline(`the package did not arrive within ${totalMs} ms`)), totalMs);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), tooLate]);
      if (next.done) return;
      idle.refresh();
      yield next.value;
    }
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('CALL_CANCELLED', 'the caller went away before the package was complete', { cause: error });
  } finally {
    clearTimeout(idle);
    clearTimeout(total);
  }
}

function deadline(what: string): HostError {
  return new HostError('DEADLINE', `${what}; install it again`);
}
