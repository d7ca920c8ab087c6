/** Ed25519 public keys (RFC 8032): 32 bytes, written in base64, named by their sha256. */

import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

const KEY_BYTES = 32;
/** What stands before the 32 bytes in a SubjectPublicKeyInfo of RFC 8410. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** SHA-256 of the key's 32 bytes, in hex. */
export function keyIdOf(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex');
}

/** The 32 bytes as Node's crypto takes them. */
export function publicKeyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
}

/** The 32 bytes of a key that Node's crypto made or read. */
export function publicKeyBytes(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length));
}

/** Bytes of exactly one base64 text, or undefined where the text is another: spellings of the same bytes are refused. */
export function fromBase64(text: string, bytes: number): Uint8Array | undefined {
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === text ? new Uint8Array(decoded) : undefined;
}

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** @returns undefined where the text is not the base64 of 32 bytes; `publicKeyFault` says whether they are a key */
export const publicKeyOf = (base64: string): Uint8Array | undefined => fromBase64(base64, KEY_BYTES);

/** The field of edwards25519, and the constant d of its equation. */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/**
 * Why these bytes are no Ed25519 public key, or undefined when they are one. OpenSSL takes any 32 bytes; but nobody has the
 * private key to what is no point of the curve, and anybody can sign for a point of small order.
 */
export function publicKeyFault(bytes: Uint8Array): string | undefined {
  if (bytes.length !== KEY_BYTES) return `expected ${KEY_BYTES} bytes, found ${bytes.length}`;
  const encoded = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  const y = encoded & (2n ** 255n - 1n);
  if (y >= P) return 'found a number beyond the field';
  // -x^2 + y^2 = 1 + d x^2 y^2, solved for x^2, which must be a square.
  const [numerator, denominator] = [mod(y * y - 1n), mod(D * y * y + 1n)];
  const xx = mod(numerator * power(denominator, P - 2n));
  if (xx !== 0n && power(xx, (P - 1n) / 2n) !== 1n) return 'found no point of the curve';
  if (hasSmallOrder(xx, mod(y * y))) return 'found a point of small order, for which anybody can sign';
  return undefined;
}

/**
 * Whether 8 P = 0. Doubling takes (x, y) to y' = (y^2 + x^2) / (2 + x^2 - y^2), and x'^2 follows from y' by the equation of the
 * curve; the neutral element alone has y = 1.
 */
function hasSmallOrder(xx: bigint, yy: bigint): boolean {
  for (let doublings = 0; doublings < 3; doublings++) {
    const y = mod((yy + xx) * power(mod(2n + xx - yy), P - 2n));
    if (doublings === 2) return y === 1n;
    yy = mod(y * y);
    xx = mod(mod(yy - 1n) * power(mod(D * yy + 1n), P - 2n));
  }
  return false;
}

const mod = (value: bigint): bigint => ((value % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = mod(result * base);
    base = mod(base * base);
  }
  return result;
}
