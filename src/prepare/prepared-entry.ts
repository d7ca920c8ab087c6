/**
 * A prepared module as it is cached: three numbers of four bytes (little-endian), the length of the facts in bytes, the
 * number of pairs in the offset map, zero; the facts as JSON; the two halves of the map; the module's bytes. The cache answers
 * only what it was given (it keeps a checksum), so what is read here was written here.
 */

import type { Offsets } from '../protocol/bind.js';
import type { PreparedFacts } from './prepare.js';

const HEADER_BYTES = 12;

export interface CachedModule {
  facts: PreparedFacts;
  offsets: Offsets;
  bytes: Uint8Array;
}

export function writeCached({ facts, offsets, bytes }: CachedModule): Uint8Array {
  const json = Buffer.from(JSON.stringify(facts));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(json.length, 0);
  header.writeUInt32LE(offsets.metered.length, 4);
  return Buffer.concat([header, json, bytesOf(offsets.metered), bytesOf(offsets.original), bytes]);
}

/** Undefined for an entry that is missing. */
export function readCached(entry: Uint8Array | undefined): CachedModule | undefined {
  if (entry === undefined) return undefined;
  const buffer = Buffer.from(entry.buffer, entry.byteOffset, entry.length);
  const mapStart = HEADER_BYTES + buffer.readUInt32LE(0);
  const halfBytes = buffer.readUInt32LE(4) * Uint32Array.BYTES_PER_ELEMENT;
  const moduleStart = mapStart + 2 * halfBytes;
  return {
    facts: JSON.parse(buffer.toString('utf8', HEADER_BYTES, mapStart)) as PreparedFacts,
    offsets: {
      metered: sharedCopy(buffer.subarray(mapStart, mapStart + halfBytes)),
      original: sharedCopy(buffer.subarray(mapStart + halfBytes, moduleStart)),
    },
    bytes: entry.subarray(moduleStart),
  };
}

/** The map in memory that all of the plugin's workers share. */
export function shareOffsets({ metered, original }: Offsets): Offsets {
  return { metered: sharedCopy(bytesOf(metered)), original: sharedCopy(bytesOf(original)) };
}

function sharedCopy(bytes: Uint8Array): Uint32Array {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return new Uint32Array(memory);
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
