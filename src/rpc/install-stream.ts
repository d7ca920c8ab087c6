import { createHash } from 'node:crypto';
import { HostError } from '../errors.js';
import { PACKAGE_LIMITS, REQUEST_LIMITS, SERVER_LIMITS } from '../limits.js';

/** `hal9.plugin.v1.InstallPluginRequest`, decoded. */
export interface InstallPart {
  part?: 'header' | 'chunk';
  header?: { sizeBytes: string; sha256: string } | null;
  chunk?: Uint8Array;
}

/**
 * Collects the package of one InstallPlugin call. Memory grows with what arrived, not with what the header claims.
 *
 * @returns the package's bytes, whose size and hash are those of the header.
 * @throws HostError REQUEST_INVALID for parts out of order or a size or hash that does not match; PACKAGE_TOO_LARGE;
 *   DEADLINE where the client stalls; CALL_CANCELLED where it goes away.
 */
export async function collectPackage(parts: AsyncIterable<InstallPart>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  let header: { sizeBytes: number; sha256: string } | undefined;
  for await (const part of withIdleLimit(parts)) {
    if (header === undefined) {
      header = readHeader(part);
      continue;
    }
    const chunk = readChunk(part);
    received += chunk.length;
    if (received > header.sizeBytes) throw sizeMismatch(header.sizeBytes, 'more');
    chunks.push(chunk);
  }
  if (header === undefined)
    throw new HostError('REQUEST_INVALID', 'expected a header and chunks, found an empty stream');
  if (received < header.sizeBytes) throw sizeMismatch(header.sizeBytes, `${received}`);
  const bytes = Buffer.concat(chunks, received);
  checkHash(bytes, header.sha256);
  return bytes;
}

function readHeader({ part, header }: InstallPart): { sizeBytes: number; sha256: string } {
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
  return { sizeBytes, sha256: header.sha256.toLowerCase() };
}

function readChunk({ part, chunk }: InstallPart): Uint8Array {
  if (part !== 'chunk' || chunk === undefined) {
    throw new HostError(
      'REQUEST_INVALID',
      `every message after the first must be a chunk, found ${part ?? 'an empty one'}`,
    );
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

/** Passes parts on, and gives up on a client that is silent for too long or went away. */
async function* withIdleLimit(parts: AsyncIterable<InstallPart>): AsyncGenerator<InstallPart> {
  const iterator = parts[Symbol.asyncIterator]();
  let stalled: (error: HostError) => void = () => {};
  const stall = new Promise<never>((_resolve, reject) => (stalled = reject));
  stall.catch(() => {});
  const timer = setTimeout(() => stalled(stallError()), SERVER_LIMITS.installIdleMs);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), stall]);
      if (next.done) return;
      timer.refresh();
      yield next.value;
    }
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('CALL_CANCELLED', 'the caller went away before the package was complete', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function stallError(): HostError {
  return new HostError(
    'DEADLINE',
    `nothing of the package arrived for ${SERVER_LIMITS.installIdleMs} ms; install it again`,
  );
}
