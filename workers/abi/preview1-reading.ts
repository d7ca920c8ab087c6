import { sizeIn } from '../../src/protocol/files.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { FileFault, type FileNode } from './file-node.js';
import type { GuestCore } from './guest-core.js';

/** POSIX's IOV_MAX, as everywhere. */
const MAX_VECTORS = 1_024;
/** One call reads or writes at most this much and says so; libraries ask for the rest in further calls. */
const MAX_PIECE_BYTES = 1 << 20;

/** Sizes and numbers of `preview1/docs.md`. */
const VECTOR_BYTES = 8;
export const WHENCE = { set: 0, current: 1, end: 2 } as const;

/** A file that is open, at the place at which it is read next. */
interface Opened {
  readonly node: FileNode;
  position: number;
}

/** A place in a file, where it is one that a number can tell. */
export function place(offset: bigint): number | undefined {
  return offset < 0n || offset > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(offset);
}

export interface Transfer {
  vectors: number;
  count: number;
  /** Where the guest is told how many bytes there were. */
  out: number;
}

/** `fd_read` and `fd_pread`: fills the guest's vectors from that place on. */
export function read(
  guest: GuestCore,
  node: FileNode,
  { vectors, count, out }: Transfer,
  offset: number,
  took: (bytes: number) => void = () => undefined,
): number {
  if (node.kind === 'directory') return ERRNO.isdir;
  if (!node.isReadable) return ERRNO.badf;
  const outAt = guest.area(out, 4, 1);
  const areas = areasOf(guest, vectors, count);
  const bytes = node.read(
    offset,
    areas.reduce((sum, { size }) => sum + size, 0),
  );
  guest.crossed(bytes.length);
  let taken = 0;
  for (const { start, size } of areas) {
    guest.u8.set(bytes.subarray(taken, taken + size), start);
    taken = Math.min(bytes.length, taken + size);
  }
  took(bytes.length);
  guest.view.setUint32(outAt, bytes.length, true);
  return ERRNO.success;
}

/** `fd_write` and `fd_pwrite`. The bytes are paid for before anything is written. */
export function write(
  guest: GuestCore,
  node: FileNode,
  { vectors, count, out }: Transfer,
  offset: number | undefined,
  took: (end: number) => void = () => undefined,
): number {
  // What is not open for writing is EBADF to whoever writes, as in POSIX.
  if (!node.isWritable || node.kind === 'directory') return ERRNO.badf;
  const outAt = guest.area(out, 4, 1);
  const areas = areasOf(guest, vectors, count);
  const bytes = new Uint8Array(areas.reduce((sum, { size }) => sum + size, 0));
  guest.crossed(bytes.length);
  let at = 0;
  for (const { start, size } of areas) {
    bytes.set(guest.u8.subarray(start, start + size), at);
    at += size;
  }
  if (bytes.length > 0) {
    const { written, end } = node.write(offset, bytes);
    took(end);
    guest.view.setUint32(outAt, written, true);
  } else guest.view.setUint32(outAt, 0, true);
  return ERRNO.success;
}

/** The guest's vectors, as far as one call goes. */
function areasOf(guest: GuestCore, vectors: number, count: number): { start: number; size: number }[] {
  if (count >>> 0 > MAX_VECTORS) throw new FileFault(ERRNO.inval);
  const vectorsBytes = (count >>> 0) * VECTOR_BYTES;
  const first = guest.area(vectors, vectorsBytes, 1);
  guest.crossed(vectorsBytes);
  const areas: { start: number; size: number }[] = [];
  let left = MAX_PIECE_BYTES;
  for (let at = first; at < first + vectorsBytes && left > 0; at += VECTOR_BYTES) {
    const size = guest.view.getUint32(at + 4, true);
    const start = guest.area(guest.view.getUint32(at, true), size, 1);
    areas.push({ start, size: Math.min(size, left) });
    left -= Math.min(size, left);
  }
  return areas;
}

/** `fd_seek` and `fd_tell`. */
export function seek(guest: GuestCore, file: Opened, delta: bigint, whence: number, out: number): number {
  if (file.node.kind === 'directory') return ERRNO.isdir;
  if (whence >>> 0 > WHENCE.end) return ERRNO.inval;
  const at = guest.area(out, 8, 1);
  const from =
    whence === WHENCE.set ? 0n : whence === WHENCE.current ? BigInt(file.position) : sizeIn(file.node.stat());
  const to = place(from + delta);
  if (to === undefined) return ERRNO.inval;
  file.position = to;
  guest.view.setBigUint64(at, BigInt(to), true);
  return ERRNO.success;
}

/** `fd_readdir`: entries from the cookie on; the last one may be cut off, which tells the guest to ask again with more room. */
export function readEntries(
  guest: GuestCore,
  listing: Uint8Array,
  { pointer, length, out }: { pointer: number; length: number; out: number },
  cookie: bigint,
): number {
  const outAt = guest.area(out, 4, 1);
  const start = guest.area(pointer, length >>> 0, 1);
  const from = Math.min(place(cookie) ?? listing.length, listing.length);
  const part = listing.subarray(from, from + (length >>> 0));
  guest.crossed(part.length);
  guest.u8.set(part, start);
  guest.view.setUint32(outAt, part.length, true);
  return ERRNO.success;
}

/** A `filestat`, as it is packed. */
export function writeStat(guest: GuestCore, stat: Uint8Array, out: number): number {
  guest.u8.set(stat, guest.area(out, stat.length, 1));
  return ERRNO.success;
}
