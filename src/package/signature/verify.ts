import { verify } from 'node:crypto';
import { HostError } from '../../errors.js';
import { stands } from '../../protocol/defences.js';
import type { PackageContents } from '../contents.js';
import { publicKeyObject } from './public-key.js';
import type { PackageSignature } from './signatures-file.js';

/**
 * Verifies every signature of a package. Who made them, and whether that counts, is not asked here.
 * @throws HostError SIGNATURE_INVALID naming the key of the first one that does not fit
 */
export function verifySignatures({
  statement,
  signatures,
}: Pick<PackageContents, 'statement' | 'signatures'>): readonly PackageSignature[] {
  for (const each of signatures) {
    if (stands('signature') && !verifies(statement, each)) {
      throw new HostError(
        'SIGNATURE_INVALID',
        `the signature of the key ${each.keyId.slice(0, 16)}… does not fit the package: it was changed after it was signed; get the package again from whoever signed it`,
      );
    }
  }
  return signatures;
}

function verifies(statement: Uint8Array, { publicKey, signature }: PackageSignature): boolean {
  return verify(undefined, statement, publicKeyObject(publicKey), signature);
}
