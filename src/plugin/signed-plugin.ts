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

/** @throws HostError where it may not run here: SIGNATURE_MISSING, KEY_UNTRUSTED, KEY_REVOKED */
export function requireTrust(trust: Trust, plugin: SignedPlugin): void {
  const refusal = trust.refusal(plugin);
  if (refusal !== undefined) throw refusal;
}

/**
 * Who signed a package that is to be installed, as public keys in base64.
 *
 * @throws HostError SIGNATURE_INVALID, and as `requireTrust`
 */
export function requireSigners(contents: PackageContents, trust: Trust): string[] {
  const signedBy = verifySignatures(contents).map(({ publicKey }) => toBase64(publicKey));
  requireTrust(trust, signedPlugin(contents.manifest, signedBy));
  return signedBy.sort();
}
