/**
 * `signatures.json` of a package:
 *
 *     {"signatures":[{"algorithm":"ed25519","key_id":"<64 hex digits>","public_key":"<base64>","signature":"<base64>"}]}
 */

import { z } from 'zod';
import { HostError } from '../../errors.js';
import { SIGNATURE_LIMITS } from '../../limits.js';
import { jsonTextFault } from '../json-text.js';
import { describeIssues } from '../manifest-faults.js';
import { fromBase64, keyIdOf, publicKeyOf, toBase64 } from './public-key.js';
import { SIGNATURES_PATH } from './statement.js';

const SIGNATURE_BYTES = 64;

/** A signature and who is said to have made it. */
export interface PackageSignature {
  readonly keyId: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

const entry = z
  .strictObject({ algorithm: z.literal('ed25519'), key_id: z.string(), public_key: z.string(), signature: z.string() })
  .transform(({ key_id: keyId, public_key, signature: text }, context): PackageSignature => {
    const [publicKey, signature] = [publicKeyOf(public_key), fromBase64(text, SIGNATURE_BYTES)];
    const refuse = (path: string, message: string): never => {
      context.addIssue({ code: 'custom', path: [path], message });
      return z.NEVER;
    };
    if (publicKey === undefined) return refuse('public_key', 'expected an Ed25519 public key, 32 bytes in base64');
    if (keyId !== keyIdOf(publicKey))
      return refuse('key_id', 'expected the sha256 of public_key, in lower-case hexadecimal');
    if (signature === undefined) return refuse('signature', `expected ${SIGNATURE_BYTES} bytes in base64`);
    return { keyId, publicKey, signature };
  });

const document = z.strictObject({
  signatures: z
    .array(entry)
    .min(1)
    .max(SIGNATURE_LIMITS.maxSignatures)
    .refine((signatures) => new Set(signatures.map(({ keyId }) => keyId)).size === signatures.length, {
      error: 'expected one signature of each key',
    }),
});

/** @throws HostError SIGNATURE_INVALID naming the place */
export function parseSignatures(bytes: Uint8Array): readonly PackageSignature[] {
  if (bytes.length > SIGNATURE_LIMITS.maxFileBytes)
    throw invalid(`expected at most ${SIGNATURE_LIMITS.maxFileBytes} bytes, found ${bytes.length}`);
  const found = parseJson(bytes);
  const result = document.safeParse(found, { reportInput: false });
  if (!result.success) throw invalid(describeIssues(result.error.issues, found));
  return result.data.signatures;
}

/** The file's bytes: the same for the same signatures, in whatever order they were made. */
export function writeSignatures(signatures: readonly PackageSignature[]): Uint8Array {
  const entries = [...signatures]
    .sort((a, b) => (a.keyId < b.keyId ? -1 : 1))
    .map(({ keyId, publicKey, signature }) => ({
      algorithm: 'ed25519',
      key_id: keyId,
      public_key: toBase64(publicKey),
      signature: toBase64(signature),
    }));
  return Buffer.from(JSON.stringify({ signatures: entries }));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const found = JSON.parse(text) as unknown;
    const fault = jsonTextFault(text);
    if (fault !== undefined) throw invalid(fault);
    return found;
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw invalid('expected one JSON text in UTF-8');
  }
}

function invalid(fault: string): HostError {
  return new HostError('SIGNATURE_INVALID', `${SIGNATURES_PATH}: ${fault}; pack the plugin again, and sign it again`);
}
