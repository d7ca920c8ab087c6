/** `trust.json`: `{"keys": [{"key_id", "name", "public_key", "plugin_ids", "authors", "trusted_at_ms", "revoked_at_ms"}]}`. */

import { z } from 'zod';
import { HostError } from '../errors.js';
import { SIGNATURE_LIMITS } from '../limits.js';
import { keyIdOf, publicKeyOf, toBase64 } from '../package/signature/public-key.js';
import { KEY_FIELDS } from './trust-request.js';
import type { KeyRing, TrustedKey } from './trusted-key.js';

const milliseconds = z.int().min(0);

const key = z
  .strictObject({
    key_id: z.string(),
    public_key: z.string(),
    ...KEY_FIELDS,
    trusted_at_ms: milliseconds,
    revoked_at_ms: milliseconds,
  })
  .transform((found, context): TrustedKey => {
    const publicKey = publicKeyOf(found.public_key);
    if (publicKey === undefined || keyIdOf(publicKey) !== found.key_id) {
      context.addIssue({ code: 'custom', message: 'expected a public key and its id' });
      return z.NEVER;
    }
    return {
      ...{ keyId: found.key_id, name: found.name, publicKey },
      ...{ pluginIds: found.plugin_ids, authors: found.authors },
      ...{ trustedAtMs: found.trusted_at_ms, revokedAtMs: found.revoked_at_ms },
    };
  });

const document = z.strictObject({ keys: z.array(key).max(SIGNATURE_LIMITS.maxKeys) });

/** @throws HostError DATA_DIR_DAMAGED */
export function parseTrustDocument(text: string): KeyRing {
  try {
    const { keys } = document.parse(JSON.parse(text));
    const ring = new Map(keys.map((each) => [each.keyId, each]));
    if (ring.size !== keys.length) throw new Error('a key stands there twice');
    return ring;
  } catch (error) {
    throw new HostError(
      'DATA_DIR_DAMAGED',
      'the data directory is damaged: trust.json, the list of keys, cannot be read; restore it from a backup',
      { cause: error },
    );
  }
}

export function trustDocument(ring: KeyRing): string {
  const keys = [...ring.values()].map((each) => ({
    key_id: each.keyId,
    name: each.name,
    public_key: toBase64(each.publicKey),
    plugin_ids: each.pluginIds,
    authors: each.authors,
    trusted_at_ms: each.trustedAtMs,
    revoked_at_ms: each.revokedAtMs,
  }));
  return `${JSON.stringify({ keys }, undefined, 2)}\n`;
}
