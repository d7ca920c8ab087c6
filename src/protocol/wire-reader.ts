import { isUtf8 } from 'node:buffer';
import { EMPTY, type WireEntry, WireError } from './wire.js';

const TWO_32 = 0x1_0000_0000;
/** Below this many bytes a loop is faster than a call into the runtime (Node 20: 60 ns). */
const SHORT_TEXT_BYTES = 24;
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
    if (!(start >= 0 && start <= end && end <= bytes.length))
      throw new RangeError('the message lies outside the bytes');
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
    if (!(length < SHORT_TEXT_BYTES && this.#isAscii(start)) && !isUtf8(view)) {
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
