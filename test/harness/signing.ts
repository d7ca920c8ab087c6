import { createPrivateKey, createPublicKey } from 'node:crypto';
import { generateKey } from '../../src/package/signature/key-file.js';
import { keyIdOf } from '../../src/package/signature/public-key.js';
import { signPackage } from '../../src/package/signature/sign.js';

/** A key made for a test, and what it does. */
export interface TestKey {
  pem: string;
  publicKey: Uint8Array;
  base64: string;
  keyId: string;
  /** A package with its signature added. */
  sign(packageBytes: Uint8Array): Promise<Uint8Array>;
}

export function testKey(): TestKey {
  const { pem, publicKey } = generateKey();
  return keyOf(pem, publicKey);
}

/** The key of a PEM. */
export function testKeyOf(pem: string): TestKey {
  const spki = createPublicKey(createPrivateKey(pem)).export({ format: 'der', type: 'spki' });
  return keyOf(pem, new Uint8Array(spki.subarray(-32)));
}

function keyOf(pem: string, publicKey: Uint8Array): TestKey {
  const privateKey = createPrivateKey(pem);
  return {
    pem,
    publicKey,
    base64: Buffer.from(publicKey).toString('base64'),
    keyId: keyIdOf(publicKey),
    sign: async (packageBytes) => (await signPackage(packageBytes, privateKey)).bytes,
  };
}
