/**
 * A prepared module as it is cached: the length of the facts in four bytes (little-endian), the facts as JSON, the module's bytes. The
 * cache answers only what it was given (it keeps a checksum), so what is read here was written here.
 */

import type { PreparedFacts } from './prepare.js';

const LENGTH_BYTES = 4;

export function writeCached(facts: PreparedFacts, bytes: Uint8Array): Uint8Array {
  const json = Buffer.from(JSON.stringify(facts));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, bytes]);
}

/** Undefined for an entry that is missing. */
export function readCached(entry: Uint8Array | undefined): { facts: PreparedFacts; bytes: Uint8Array } | undefined {
  if (entry === undefined) return undefined;
  const buffer = Buffer.from(entry.buffer, entry.byteOffset, entry.length);
  const end = LENGTH_BYTES + buffer.readUInt32LE(0);
  const facts = JSON.parse(buffer.toString('utf8', LENGTH_BYTES, end)) as PreparedFacts;
  return { facts, bytes: entry.subarray(end) };
}
