/**
 * A checkpoint: the end of the chain at some moment, signed by the operator and kept elsewhere. A log that lacks its line was cut or
 * written anew.
 *
 *     {"format":"hal9-audit-checkpoint-1","seq":42,"hash":"<64 hex>","at":"<ISO 8601>","key_id":"<64 hex>","signature":"<base64>"}
 *
 * What is signed with Ed25519 is the text `hal9-audit-checkpoint-1\n<seq> <hash> <at>\n`. The key's id is the SHA-256 of its 32 bytes.
 */

import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { HostError } from '../../errors.js';
import { keyIdOf, publicKeyBytes } from '../../package/signature/public-key.js';
import type { Head } from './audit-line.js';

const FORMAT = 'hal9-audit-checkpoint-1';

/** One line of JSON with a line break. */
export function signCheckpoint(head: Head, at: string, privateKey: KeyObject): string {
  const { seq, hash } = head;
  const signature = sign(null, statement(head, at), privateKey).toString('base64');
  const fields = {
    format: FORMAT,
    seq,
    hash,
    at,
    key_id: keyIdOf(publicKeyBytes(createPublicKey(privateKey))),
    signature,
  };
  return `${JSON.stringify(fields)}\n`;
}

/**
 * The line that a checkpoint speaks of.
 * @throws HostError SIGNATURE_INVALID, KEY_UNTRUSTED where another key made it
 */
export function openCheckpoint(text: string, publicKey: KeyObject): Head & { at: string } {
  const { seq, hash, at, key_id: signer, signature } = parse(text);
  if (signer !== keyIdOf(publicKeyBytes(publicKey))) {
    throw new HostError('KEY_UNTRUSTED', `the checkpoint was signed with the key ${signer}, not with the one given`);
  }
  if (!verify(null, statement({ seq, hash }, at), publicKey, Buffer.from(signature, 'base64'))) {
    throw new HostError('SIGNATURE_INVALID', "the checkpoint's signature does not fit it: it was changed");
  }
  return { seq, hash, at };
}

interface Fields {
  seq: number;
  hash: string;
  at: string;
  key_id: string;
  signature: string;
}

function parse(text: string): Fields {
  let fields: Partial<Record<string, unknown>>;
  try {
    fields = JSON.parse(text) as Partial<Record<string, unknown>>;
  } catch {
    fields = {};
  }
  const texts = ['hash', 'at', 'key_id', 'signature'].every((key) => typeof fields?.[key] === 'string');
  if (fields?.['format'] !== FORMAT || !texts || !Number.isSafeInteger(fields['seq'])) {
    throw new HostError('SIGNATURE_INVALID', `expected a checkpoint of the format ${FORMAT}, found something else`);
  }
  return fields as unknown as Fields;
}

function statement({ seq, hash }: Head, at: string): Buffer {
  return Buffer.from(`${FORMAT}\n${seq} ${hash} ${at}\n`);
}
