import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { SIGNATURE_LIMITS } from '../../limits.js';
import { type PackageContents, tooLarge } from '../contents.js';
import { readPackage } from '../read.js';
import { zipFiles } from '../zip-write.js';
import { keyIdOf, publicKeyBytes } from './public-key.js';
import { type PackageSignature, writeSignatures } from './signatures-file.js';
import { SIGNATURES_PATH } from './statement.js';
import { verifySignatures } from './verify.js';

/** A package with one signature more. */
export interface SignedBytes {
  readonly bytes: Uint8Array;
  readonly contents: PackageContents;
  readonly added: PackageSignature;
  /** All of them, the new one too. */
  readonly signatures: readonly PackageSignature[];
}

/**
 * Adds a signature to a package, in place of an earlier one of the same key. The digest stays, and the same package and keys give the
 * same bytes, in whatever order it was signed.
 *
 * @param privateKey of Ed25519
 * @throws HostError as `readPackage`; SIGNATURE_INVALID where a signature that it has does not fit; PACKAGE_TOO_LARGE
 */
export async function signPackage(packageBytes: Uint8Array, privateKey: KeyObject): Promise<SignedBytes> {
  const contents = await readPackage(packageBytes);
  const added = signContents(contents, privateKey);
  const others = verifySignatures(contents).filter(({ keyId }) => keyId !== added.keyId);
  const signatures = [...others, added];
  if (signatures.length > SIGNATURE_LIMITS.maxSignatures)
    throw tooLarge('the package', signatures.length, SIGNATURE_LIMITS.maxSignatures, 'signatures');
  const files = new Map(contents.files).set(SIGNATURES_PATH, writeSignatures(signatures));
  return { bytes: await zipFiles(files), contents, added, signatures };
}

function signContents({ statement }: PackageContents, privateKey: KeyObject): PackageSignature {
  const publicKey = publicKeyBytes(createPublicKey(privateKey));
  const signature = new Uint8Array(sign(undefined, statement, privateKey));
  return { keyId: keyIdOf(publicKey), publicKey, signature };
}
