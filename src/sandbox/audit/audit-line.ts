/**
 * One line of the audit log, byte by byte:
 *
 *     {"seq":1,"at":"…","event":"…","actor":"…","plugin":{…},"details":{…},"prev":"<64 hex>","hash":"<64 hex>"}\n
 *     └──────────────────────────── head ────────────────────────────────┘└──────── 75 bytes ────────┘
 *
 * The hash is SHA-256 over the head: the exact bytes of the line before `,"hash":"`. `prev` is the hash of the line before, so
 * a line fixes all that came before it. The head and a closing brace are JSON as `JSON.stringify` writes it, and nothing else
 * is taken: no two readers can see different things in one line.
 */

import { createHash } from 'node:crypto';
import { stands } from '../../protocol/defences.js';
import { type AuditEvent, bounded } from './audit-event.js';

/** `prev` of a chain's first line. */
export const NO_LINE = '0'.repeat(64);

/** A place in the chain: the last line so far. */
export interface Head {
  /** 0 before the first line. */
  readonly seq: number;
  readonly hash: string;
}

export const START: Head = { seq: 0, hash: NO_LINE };

/** A line as it was read. */
export interface AuditEntry {
  seq: number;
  /** ISO 8601, UTC, with milliseconds. */
  at: string;
  event: string;
  actor: string;
  plugin?: { id: string; name: string; version: string };
  details: Record<string, string>;
  prev: string;
  hash: string;
}

const HASH_FIELD = ',"hash":"';
const TAIL = /^,"hash":"([0-9a-f]{64})"\}$/;
const TAIL_BYTES = HASH_FIELD.length + 64 + 2;
const HEX = /^[0-9a-f]{64}$/;

/** The line that comes after `before`, with its line break. */
export function encodeLine(event: AuditEvent, atMs: number, before: Head): { text: string; head: Head } {
  const { event: name, actor, plugin, details } = bounded(event);
  const seq = before.seq + 1;
  const fields = { seq, at: new Date(atMs).toISOString(), event: name, actor, plugin, details, prev: before.hash };
  const head = JSON.stringify(fields).slice(0, -1);
  const hash = sha256(head);
  return { text: `${head}${HASH_FIELD}${hash}"}\n`, head: { seq, hash } };
}

/** Reads a line (without its line break), or says what is wrong with it by itself. */
export function decodeLine(line: Buffer): { entry: AuditEntry } | { fault: string } {
  const split = line.length - TAIL_BYTES;
  const hash = split < 0 ? undefined : TAIL.exec(line.toString('latin1', split))?.[1];
  if (hash === undefined) return { fault: 'it does not end with a hash' };
  const head = line.subarray(0, split);
  if (sha256(head) !== hash && stands('audit-chain'))
    return { fault: 'its bytes are not those that its hash was made of' };
  const fields = parseHead(head);
  return fields === undefined ? { fault: 'it is not the JSON of an audit line' } : { entry: { ...fields, hash } };
}

/** Undefined where these are not the bytes that the log would have written for what they say. */
function parseHead(head: Buffer): Omit<AuditEntry, 'hash'> | undefined {
  const text = `${head.toString('utf8')}}`;
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isEntry(fields) && JSON.stringify(fields) === text ? fields : undefined;
}

function isEntry(value: unknown): value is Omit<AuditEntry, 'hash'> {
  if (typeof value !== 'object' || value === null) return false;
  const { seq, at, event, actor, details, prev } = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(seq) &&
    (seq as number) > 0 &&
    [at, event, actor].every((text) => typeof text === 'string') &&
    typeof details === 'object' &&
    details !== null &&
    Object.values(details).every((text) => typeof text === 'string') &&
    typeof prev === 'string' &&
    HEX.test(prev)
  );
}

/** In hexadecimal. */
export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
