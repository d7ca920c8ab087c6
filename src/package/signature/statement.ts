/** What a package's digest and its signatures are about: all of its contents, as one text. */

import { createHash, webcrypto } from 'node:crypto';

/** Where a package keeps its signatures: the one entry that no signature covers. */
export const SIGNATURES_PATH = 'signatures.json';

/**
 * The text, in UTF-8, that is hashed for the digest of a package and that its signatures sign. It does not depend on how the
 * package was compressed.
 *
 *     hal9-package-1\n
 *     <size in bytes, decimal> <sha256 of the content, 64 hex digits> <path>\n    for each file but signatures.json
 *
 * Files are sorted by the bytes of their paths. Paths hold no line breaks (`paths.ts`), so the text means one thing.
 */
export async function statementOf(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const paths = [...files.keys()]
    .filter((path) => path !== SIGNATURES_PATH)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const lines = ['hal9-package-1\n'];
  for (const path of paths) {
    const content = files.get(path) as Uint8Array;
    lines.push(`${content.length} ${await sha256(content)} ${path}\n`);
  }
  return Buffer.from(lines.join(''));
}

/** From this size on, hashing goes to the thread pool: it must not hold up the main thread. */
const HASH_ASIDE_FROM_BYTES = 256 * 1_024;

/** sha256 in hex. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (bytes.length < HASH_ASIDE_FROM_BYTES) return createHash('sha256').update(bytes).digest('hex');
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
