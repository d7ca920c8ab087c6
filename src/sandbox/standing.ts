import type { HostError } from '../errors.js';
import { keyIdOf, publicKeyOf } from '../package/signature/public-key.js';
import { isBound, isMissing, isRevoked, isUnknown } from './signature-refusals.js';
import { type KeyRing, maySign } from './trusted-key.js';

/** A plugin and whose signatures it has, each of them verified. */
export interface SignedPlugin {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly author: string;
  /** Public keys in base64. */
  readonly signedBy: readonly string[];
  /** Whether the manifest has a `signature` of its own, which never counts. */
  readonly signedInside: boolean;
}

/** What the operator's keys say of a plugin. */
export interface Standing {
  /** The trusted keys that signed it and may. */
  readonly signers: readonly { readonly keyId: string; readonly name: string }[];
  /** Why it may not run, where nobody of them did. */
  readonly refusal: HostError | undefined;
}

/**
 * Judges a plugin by its signatures: one of a trusted key that may sign it is enough. Where there is none, a revoked key is named before
 * an unknown one.
 */
export function standingOf(plugin: SignedPlugin, keys: KeyRing): Standing {
  const known = plugin.signedBy.flatMap((base64) => keys.get(keyIdOfBase64(base64)) ?? []);
  const trusted = known.filter((key) => key.revokedAtMs === 0);
  const signers = trusted.filter((key) => maySign(key, plugin)).map(({ keyId, name }) => ({ keyId, name }));
  if (signers.length > 0) return { signers, refusal: undefined };
  const revoked = known.find((key) => key.revokedAtMs !== 0);
  if (revoked !== undefined) return { signers, refusal: isRevoked(plugin, revoked) };
  if (trusted[0] !== undefined) return { signers, refusal: isBound(plugin, trusted[0]) };
  const [first] = plugin.signedBy;
  const refusal = first === undefined ? isMissing(plugin) : isUnknown(plugin, first, keyIdOfBase64(first));
  return { signers, refusal };
}

function keyIdOfBase64(base64: string): string {
  const publicKey = publicKeyOf(base64);
  return publicKey === undefined ? '' : keyIdOf(publicKey);
}
