/**
 * The protobuf wire format (Protocol Buffers documentation, "Encoding"), as far as the contract needs it: what is written
 * here, what is read in `wire-reader.ts`. `codec.ts`, which is generated, is straight-line code over both.
 *
 * Reading is stricter than the format asks for in two places: groups are refused (no version of the contract has had one), and so
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
/** Below this many bytes a loop is faster than a call into the runtime (Node 20: 40 ns). */
const SHORT_COPY_BYTES = 12;

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
  if (length < SHORT_COPY_BYTES) for (let i = 0; i < length; i++) out[start + i] = bytes[i] as number;
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
