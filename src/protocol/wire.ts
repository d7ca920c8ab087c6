import { isUtf8 } from 'node:buffer';

/**
 * The protobuf wire format (Protocol Buffers documentation, "Encoding"), as far as the contract needs it. `codec.ts`,
 * which is generated, is straight-line code over this file.
 *
 * Stricter than the format asks for in two places: groups are refused (no version of the contract has had one), and so
 * are tags that do not fit 32 bits.
 */

/** The bytes are not a protobuf message of the expected type. Reading throws nothing else. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** No bytes: the default of every string and bytes field. */
export const EMPTY = new Uint8Array(0);

/** One entry of a map<string, string>: key and value. */
export type WireEntry = [key: Uint8Array, value: Uint8Array];

const TWO_32 = 0x1_0000_0000;
/** Below this many bytes a loop is faster than a call into the runtime (measured on Node 20: about 60 for both). */
const SHORT_BYTES = 48;
/** Up to this many entries, comparing each with each is faster than a table. */
const FEW_ENTRIES = 8;

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BLOCK = 2;
const WIRE_FIXED32 = 5;

const truncated = (): WireError => new WireError('the message ends in the middle of a field');

/** Reads one message from `at` to `end`. What it returns are views into the input, never copies. */
export class WireReader {
  at: number;
  end: number;
  readonly #bytes: Uint8Array;
  readonly #buffer: ArrayBufferLike;
  readonly #offset: number;
  /** The upper half of the varint read last. */
  #high = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) throw new RangeError('the message lies outside the bytes');
    this.#bytes = bytes;
    this.#buffer = bytes.buffer;
    this.#offset = bytes.byteOffset;
    this.at = start;
    this.end = end;
  }

  /** Field number and wire type of the next field. */
  tag(): number {
    const at = this.at;
    const low = this.#varint();
    if (this.#high !== 0 || this.at - at > 5) throw new WireError('a field has a tag of more than 32 bits');
    if (low < 8) throw new WireError('a field has the number 0');
    return low;
  }

  /** A uint32; what does not fit is cut off, as the format wants it. */
  uint32(): number {
    return this.#varint();
  }

  /** An enum, also one whose value this version does not know. */
  enumeration(): number {
    return this.#varint() | 0;
  }

  /** A uint64. */
  uint64(): bigint {
    const low = this.#varint();
    const high = this.#high;
    return high < 0x20_0000 ? BigInt(high * TWO_32 + low) : (BigInt(high) << 32n) | BigInt(low);
  }

  /** A uint64 that must be a safe integer. */
  safeUint64(): number {
    const low = this.#varint();
    if (this.#high >= 0x20_0000) throw new WireError('a number is larger than 2^53 - 1');
    return this.#high * TWO_32 + low;
  }

  /** The bytes of a `bytes` field, or of a message that is kept as it is. */
  block(): Uint8Array {
    const start = this.#blockStart();
    return this.#view(start, this.at - start);
  }

  /** The bytes of a `string` field, which are UTF-8. */
  text(): Uint8Array {
    const start = this.#blockStart();
    const length = this.at - start;
    if (length === 0) return EMPTY;
    const view = this.#view(start, length);
    if (!(length < SHORT_BYTES && this.#isAscii(start)) && !isUtf8(view)) {
      throw new WireError('a string is not valid UTF-8');
    }
    return view;
  }

  /** Goes into a message inside this one. Returns what `leave` needs. */
  enter(): number {
    const outer = this.end;
    const start = this.#blockStart();
    this.end = this.at;
    this.at = start;
    return outer;
  }

  /** Goes back to the message around this one. */
  leave(outer: number): void {
    this.end = outer;
  }

  /** An entry of a map<string, string>. */
  entry(): WireEntry {
    const outer = this.enter();
    let key: Uint8Array = EMPTY;
    let value: Uint8Array = EMPTY;
    while (this.at < this.end) {
      const tag = this.tag();
      if (tag === 0x0a) key = this.text();
      else if (tag === 0x12) value = this.text();
      else this.skip(tag);
    }
    this.leave(outer);
    return [key, value];
  }

  /** Passes over the value of a field that the reader does not know, or that has another wire type than it should. */
  skip(tag: number): void {
    const type = tag & 7;
    if (type === WIRE_VARINT) this.#varint();
    else if (type === WIRE_BLOCK) this.#blockStart();
    else if (type === WIRE_FIXED64) this.#advance(8);
    else if (type === WIRE_FIXED32) this.#advance(4);
    else throw new WireError(`a field has the wire type ${type}, which this contract does not use`);
  }

  /** The lower 32 bits; the upper ones are left in `#high`. */
  #varint(): number {
    const bytes = this.#bytes;
    const end = this.end;
    let at = this.at;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw truncated();
      const byte = bytes[at++] as number;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        this.#high = 0;
        return low;
      }
    }
    return this.#longVarint(at, low);
  }

  /** Bytes 5 to 10 of a varint: the fifth is shared by the halves, of the tenth one bit counts. */
  #longVarint(start: number, lowest28: number): number {
    const bytes = this.#bytes;
    let at = start;
    if (at >= this.end) throw truncated();
    let byte = bytes[at++] as number;
    const low = (lowest28 | (byte << 28)) >>> 0;
    let high = (byte & 0x7f) >>> 4;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      if (shift > 31) throw new WireError('a varint is longer than 10 bytes');
      if (at >= this.end) throw truncated();
      byte = bytes[at++] as number;
      high |= (byte & 0x7f) << shift;
    }
    this.at = at;
    this.#high = high >>> 0;
    return low;
  }

  /** Reads a length and passes over that many bytes. Returns where they start. */
  #blockStart(): number {
    const length = this.#varint();
    if (this.#high !== 0) throw truncated();
    const start = this.at;
    this.#advance(length);
    return start;
  }

  #advance(count: number): void {
    if (count > this.end - this.at) throw truncated();
    this.at += count;
  }

  #view(start: number, length: number): Uint8Array {
    return length === 0 ? EMPTY : new Uint8Array(this.#buffer, this.#offset + start, length);
  }

  /** Whether everything from `start` to `at` is ASCII. */
  #isAscii(start: number): boolean {
    const bytes = this.#bytes;
    let bits = 0;
    for (let at = start; at < this.at; at++) bits |= bytes[at] as number;
    return bits < 0x80;
  }
}

/** Parts of one message, one after the other: by the format, that is the merge of them. */
export function joinParts(parts: readonly Uint8Array[]): Uint8Array | undefined {
  if (parts.length < 2) return parts[0];
  let size = 0;
  for (const part of parts) size += part.length;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Makes the keys of a map unique, in place: the last value wins and takes the place of the first. */
export function mergeEntries(entries: WireEntry[]): void {
  const count = entries.length;
  if (count < 2) return;
  const seen = count > FEW_ENTRIES ? new Map<string, number>() : undefined;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const entry = entries[i] as WireEntry;
    const earlier = seen === undefined ? findKey(entries, kept, entry[0]) : findOrAdd(seen, entry[0], kept);
    if (earlier < kept) (entries[earlier] as WireEntry)[1] = entry[1];
    else entries[kept++] = entry;
  }
  entries.length = kept;
}

function findKey(entries: readonly WireEntry[], count: number, key: Uint8Array): number {
  let i = 0;
  while (i < count && !sameBytes((entries[i] as WireEntry)[0], key)) i++;
  return i;
}

function findOrAdd(seen: Map<string, number>, key: Uint8Array, next: number): number {
  const name = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
  const earlier = seen.get(name);
  if (earlier === undefined) seen.set(name, next);
  return earlier ?? next;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Bytes of a uint32, a length or a tag as a varint. */
export function sizeUint32(value: number): number {
  const v = value >>> 0;
  return v < 0x80 ? 1 : v < 0x4000 ? 2 : v < 0x20_0000 ? 3 : v < 0x1000_0000 ? 4 : 5;
}

/** Bytes of an enum as a varint; negative numbers take ten. */
export function sizeEnumeration(value: number): number {
  return value < 0 ? 10 : sizeUint32(value);
}

/** Bytes of a uint64 as a varint. Throws RangeError for what is not an integer from 0 to 2^53 - 1. */
export function sizeSafeUint64(value: number): number {
  if (value >>> 0 === value) return sizeUint32(value);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an unsigned safe integer`);
  let size = 5;
  for (let rest = value / 2 ** 35; rest >= 1; rest /= 128) size++;
  return size;
}

/** Bytes of a uint64 as a varint. Throws RangeError for what is not one. */
export function sizeUint64(value: bigint): number {
  if (value >= 0n && value <= 0x1f_ffff_ffff_ffffn) return sizeSafeUint64(Number(value));
  if (BigInt.asUintN(64, value) !== value) throw new RangeError(`${value} is not an unsigned 64-bit integer`);
  return value < 1n << 56n ? 8 : value < 1n << 63n ? 9 : 10;
}

/** Bytes of a field with a length: the length and the content, without the tag. */
export function sizeBlock(length: number): number {
  return sizeUint32(length) + length;
}

/** Writes a uint32, a length or a tag. Returns where it ends, as all `write…` functions do. */
export function writeUint32(value: number, out: Uint8Array, offset: number): number {
  let at = offset;
  let rest = value >>> 0;
  for (; rest >= 0x80; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  return at;
}

/** Writes an enum. */
export function writeEnumeration(value: number, out: Uint8Array, offset: number): number {
  return value < 0 ? writeHalves(value >>> 0, 0xffff_ffff, out, offset) : writeUint32(value, out, offset);
}

/** Writes a uint64 that is a safe integer. */
export function writeSafeUint64(value: number, out: Uint8Array, offset: number): number {
  if (value >>> 0 === value) return writeUint32(value, out, offset);
  return writeHalves(value % TWO_32, Math.floor(value / TWO_32), out, offset);
}

/** Writes a uint64. */
export function writeUint64(value: bigint, out: Uint8Array, offset: number): number {
  if (value <= 0x1f_ffff_ffff_ffffn) return writeSafeUint64(Number(value), out, offset);
  return writeHalves(Number(value & 0xffff_ffffn), Number(value >> 32n), out, offset);
}

function writeHalves(low: number, high: number, out: Uint8Array, offset: number): number {
  let at = offset;
  let lower = low >>> 0;
  let upper = high >>> 0;
  while (upper > 0 || lower >= 0x80) {
    out[at++] = (lower & 0x7f) | 0x80;
    lower = ((lower >>> 7) | (upper << 25)) >>> 0;
    upper >>>= 7;
  }
  out[at++] = lower;
  return at;
}

/** Writes a length and the bytes, without the tag. */
export function writeBlock(bytes: Uint8Array, out: Uint8Array, offset: number): number {
  const length = bytes.length;
  const start = writeUint32(length, out, offset);
  if (length < SHORT_BYTES) for (let i = 0; i < length; i++) out[start + i] = bytes[i] as number;
  else out.set(bytes, start);
  return start + length;
}

/** Writes an entry of a map<string, string>, with its length, without the tag. */
export function writeEntry(entry: WireEntry, out: Uint8Array, offset: number): number {
  let at = writeUint32(sizeEntry(entry), out, offset);
  out[at++] = 0x0a;
  at = writeBlock(entry[0], out, at);
  out[at++] = 0x12;
  return writeBlock(entry[1], out, at);
}

/** Bytes of an entry of a map<string, string>, without its length. Both fields are written even when empty. */
export function sizeEntry(entry: WireEntry): number {
  return 2 + sizeBlock(entry[0].length) + sizeBlock(entry[1].length);
}
