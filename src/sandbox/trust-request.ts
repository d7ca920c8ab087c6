import { z } from 'zod';
import { HostError } from '../errors.js';
import { SIGNATURE_LIMITS } from '../limits.js';
import { publicKeyFault } from '../package/signature/public-key.js';
import type { TrustedKey } from './trusted-key.js';

/** A key that is to be trusted. */
export type KeyRequest = Pick<TrustedKey, 'publicKey' | 'name' | 'pluginIds' | 'authors'>;

const { maxKeyNameCharacters, maxBounds } = SIGNATURE_LIMITS;

function line(maxCharacters: number) {
  const error = `expected 1 to ${maxCharacters} characters, none of them a control character, no space around them`;
  return z
    .string()
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+$/u, { error })
    .refine((text) => text === text.trim() && text.length <= maxCharacters, { error });
}

function bounds(item: z.ZodString) {
  return z
    .array(item)
    .max(maxBounds, { error: `expected at most ${maxBounds}` })
    .refine((values) => new Set(values).size === values.length, { error: 'expected each once' });
}

/** The fields of a key that people give, in the spelling of the contract and of `trust.json`. */
export const KEY_FIELDS = {
  name: line(maxKeyNameCharacters),
  plugin_ids: bounds(
    z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, {
      error: 'expected ids of plugins: UUIDs in lower case',
    }),
  ),
  // As long as the manifest lets them be.
  authors: bounds(line(256)),
};
const fields = z.strictObject(KEY_FIELDS);

/** @throws HostError REQUEST_INVALID naming the field */
export function checkKey({ publicKey, name, pluginIds, authors }: KeyRequest): KeyRequest {
  const fault = publicKeyFault(publicKey);
  if (fault !== undefined) {
    throw new HostError('REQUEST_INVALID', `public_key: expected the 32 bytes of an Ed25519 public key: ${fault}`);
  }
  const result = fields.safeParse({ name, plugin_ids: pluginIds, authors });
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new HostError('REQUEST_INVALID', `${issue?.path[0]?.toString() ?? ''}: ${issue?.message ?? ''}`);
  }
  return { publicKey: new Uint8Array(publicKey), name, pluginIds: [...pluginIds], authors: [...authors] };
}
