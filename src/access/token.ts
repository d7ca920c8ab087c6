import { createHash, randomBytes } from 'node:crypto';

/** Enough that guessing is hopeless without a slow hash. */
const TOKEN_BYTES = 32;

/** A fresh token. The prefix lets scanners of repositories know one that was committed by mistake. */
export function newToken(): string {
  return `hal9_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/** What the access file keeps of a token: SHA-256 of its text. */
export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
