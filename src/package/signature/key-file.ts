/** Keys as files: PEM of PKCS#8 and of SubjectPublicKeyInfo, as OpenSSL reads and writes them too. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { publicKeyBytes, publicKeyFault, publicKeyOf } from './public-key.js';

/** A new Ed25519 key. */
export function generateKey(): { pem: string; publicKey: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), publicKey: publicKeyBytes(publicKey) };
}

/** @returns undefined where the text is not the PEM of an Ed25519 private key without a passphrase */
export function readPrivateKey(pem: string): KeyObject | undefined {
  return ofEd25519(() => createPrivateKey(pem));
}

/**
 * A public key in any form that is at hand: the base64 of its 32 bytes, its PEM, or the PEM of its private key.
 *
 * @returns undefined where the text is none of them, or the key is no good
 */
export function readPublicKey(text: string): Uint8Array | undefined {
  const trimmed = text.trim();
  const object = ofEd25519(() => createPublicKey(trimmed));
  const key = object === undefined ? publicKeyOf(trimmed) : publicKeyBytes(object);
  return key === undefined || publicKeyFault(key) !== undefined ? undefined : key;
}

function ofEd25519(read: () => KeyObject): KeyObject | undefined {
  try {
    const key = read();
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}
