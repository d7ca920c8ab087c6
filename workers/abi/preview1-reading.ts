import type { FileNode, FileStat } from './file-node.js';
import type { GuestCore } from './guest-core.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';

/** POSIX's IOV_MAX, as everywhere. */
const MAX_VECTORS = 1_024;
/** One call reads at most this much and says so; libraries read the rest in further calls. */
const MAX_READ_BYTES = 1 << 20;

/** Sizes and numbers of `preview1/docs.md`. */
const VECTOR_BYTES = 8;
const FILESTAT_BYTES = 64;
const DIRENT_BYTES = 24;
export const FILE_TYPES = { directory: 3, file: 4 } as const;
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

interface ReadInto {
  vectors: number;
  count: number;
  /** Where the guest is told how many bytes there were. */
  out: number;
}

/** `fd_read` and `fd_pread`: fills the guest's vectors from that place on. */
export function read(
  guest: GuestCore,
  node: FileNode,
  { vectors, count, out }: ReadInto,
  offset: number,
  took: (bytes: number) => void = () => undefined,
): number {
  const { kind, sizeBytes } = node.stat();
  if (kind === 'directory') return ERRNO.isdir;
  if (count >>> 0 > MAX_VECTORS) return ERRNO.inval;
  const outAt = guest.area(out, 4, 1);
  const vectorsBytes = (count >>> 0) * VECTOR_BYTES;
  const first = guest.area(vectors, vectorsBytes, 1);
  guest.crossed(vectorsBytes);
  const available = Math.min(MAX_READ_BYTES, Math.max(0, sizeBytes - offset));
  let total = 0;
  for (let at = first; at < first + vectorsBytes && total < available; at += VECTOR_BYTES) {
    const size = guest.view.getUint32(at + 4, true);
    const start = guest.area(guest.view.getUint32(at, true), size, 1);
    const wanted = Math.min(size, available - total);
    guest.crossed(wanted);
    total += node.read(guest.u8.subarray(start, start + wanted), offset + total);
  }
  took(total);
  guest.view.setUint32(outAt, total, true);
  return ERRNO.success;
}

/** `fd_seek` and `fd_tell`. */
export function seek(guest: GuestCore, file: Opened, delta: bigint, whence: number, out: number): number {
  const { kind, sizeBytes } = file.node.stat();
  if (kind === 'directory') return ERRNO.isdir;
  const from = whence === WHENCE.set ? 0 : whence === WHENCE.current ? file.position : sizeBytes;
  const to = place(BigInt(from) + delta);
  if (whence >>> 0 > WHENCE.end || to === undefined) return ERRNO.inval;
  const at = guest.area(out, 8, 1);
  file.position = to;
  guest.view.setBigUint64(at, BigInt(to), true);
  return ERRNO.success;
}

/** `fd_readdir`: entries from the cookie on; the last one may be cut off, which tells the guest to ask again with more room. */
export function readDirectory(
  guest: GuestCore,
  node: FileNode,
  { pointer, length, out }: { pointer: number; length: number; out: number },
  cookie: bigint,
): number {
  if (node.stat().kind !== 'directory') return ERRNO.notdir;
  const outAt = guest.area(out, 4, 1);
  const start = guest.area(pointer, length >>> 0, 1);
  const end = start + (length >>> 0);
  const entries = node.list();
  let at = start;
  for (let index = place(cookie) ?? entries.length; index < entries.length && at < end; index++) {
    const { name, stat } = entries[index] as (typeof entries)[number];
    const entry = new Uint8Array(DIRENT_BYTES + name.length);
    const view = new DataView(entry.buffer);
    view.setBigUint64(0, BigInt(index + 1), true);
    view.setBigUint64(8, BigInt(stat.inode), true);
    view.setUint32(16, name.length, true);
    view.setUint8(20, FILE_TYPES[stat.kind]);
    entry.set(name, DIRENT_BYTES);
    const taken = Math.min(entry.length, end - at);
    guest.crossed(taken);
    guest.u8.set(entry.subarray(0, taken), at);
    at += taken;
  }
  guest.view.setUint32(outAt, at - start, true);
  return ERRNO.success;
}

/** A `filestat`: one link, and the epoch for every time. */
export function writeStat(guest: GuestCore, { kind, sizeBytes, inode }: FileStat, out: number): number {
  const at = guest.area(out, FILESTAT_BYTES, 1);
  guest.u8.fill(0, at, at + FILESTAT_BYTES);
  guest.view.setBigUint64(at + 8, BigInt(inode), true);
  guest.view.setUint8(at + 16, FILE_TYPES[kind]);
  guest.view.setBigUint64(at + 24, 1n, true);
  guest.view.setBigUint64(at + 32, BigInt(sizeBytes), true);
  return ERRNO.success;
}
