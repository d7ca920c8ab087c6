import type { HostError } from '../errors.js';
import type { PackageContents } from '../package/contents.js';
import type { Manifest } from '../package/manifest.js';
import { toBase64 } from '../package/signature/public-key.js';
import { verifySignatures } from '../package/signature/verify.js';
import type { SignedPlugin } from '../sandbox/standing.js';
import type { Trust } from '../sandbox/trust.js';

/** What is judged of a plugin. @param signedBy public keys in base64 */
export function signedPlugin(manifest: Manifest, signedBy: readonly string[]): SignedPlugin {
  const { id, name, version, author } = manifest.metadata;
  return { id, name, version, author, signedBy, signedInside: manifest.signature !== undefined };
}

/**
 * Who signed a package that is to be installed, as public keys in base64.
 *
 * @throws HostError SIGNATURE_INVALID, and where it may not run here SIGNATURE_MISSING, KEY_UNTRUSTED, KEY_REVOKED
 */
export function signedBy(contents: PackageContents, trust: Trust): string[] {
  const keys = verifySignatures(contents).map(({ publicKey }) => toBase64(publicKey));
  const refusal: HostError | undefined = trust.refusal(signedPlugin(contents.manifest, keys));
  if (refusal !== undefined) throw refusal;
  return keys.sort();
}
