import type { KeyObject } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { systemCode } from '../package/durable-file.js';
import { readPrivateKey, readPublicKey } from '../package/signature/key-file.js';
import { publicKeyFault, publicKeyOf } from '../package/signature/public-key.js';
import { UsageError } from './fail.js';

/** A PEM of an Ed25519 key has about 120 bytes. */
const MAX_KEY_FILE_BYTES = 16_384;

/** @throws UsageError unless the file is the PEM of an Ed25519 private key */
export function privateKeyFile(path: string): KeyObject {
  const key = readPrivateKey(readKeyFile(path));
  if (key !== undefined) return key;
  throw new UsageError(
    `${path}: expected the PEM (PKCS#8) of an Ed25519 private key without a passphrase, as "hal9 key generate" writes it`,
  );
}

/** @param given the base64 of a public key, or a file with it, with its PEM, or with the PEM of its private key */
export function publicKeyArgument(given: string): Uint8Array {
  const direct = readPublicKey(given);
  if (direct !== undefined) return direct;
  const bytes = publicKeyOf(given);
  if (bytes !== undefined) throw new UsageError(`${given}: expected an Ed25519 public key: ${publicKeyFault(bytes)}`);
  const key = readPublicKey(readKeyFile(given));
  if (key !== undefined) return key;
  throw new UsageError(`${given}: expected an Ed25519 public key: the base64 of its 32 bytes, or its PEM`);
}

/** Writes a private key for its owner alone. A file that is there stays: it may be somebody's only key. */
export function writePrivateKey(path: string, pem: string): void {
  try {
    writeFileSync(path, pem, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const why = systemCode(error) === 'EEXIST' ? 'is there already, and is not overwritten' : 'cannot be written';
    throw new UsageError(`${path} ${why}; name another file with --out`);
  }
}

function readKeyFile(path: string): string {
  try {
    if (statSync(path).size <= MAX_KEY_FILE_BYTES) return readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`${path}: expected a key or a file with one, found neither`);
  }
  throw new UsageError(`${path}: expected a key, found a file of more than ${MAX_KEY_FILE_BYTES} bytes`);
}
