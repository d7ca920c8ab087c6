import { ERRNO } from '../../src/protocol/preview1-errno.js';
import type { GuestCore } from './guest-core.js';
import type { HostServices } from './host-services.js';

/** POSIX's IOV_MAX, as everywhere. */
const MAX_VECTORS = 1_024;
/** One call takes at most this much and says so; libraries write the rest in further calls. */
const MAX_WRITE_BYTES = 65_536;
const VECTOR_BYTES = 8;
const FDSTAT_BYTES = 24;
const FILESTAT_BYTES = 64;
const CHARACTER_DEVICE = 2;
const RIGHT_READ = 1n << 1n;
const RIGHT_WRITE = 1n << 6n;

/** `fd_write` to standard output or error. */
export function writeStandardOutput(
  guest: GuestCore,
  host: HostServices,
  fd: 1 | 2,
  vectors: number,
  count: number,
  written: number,
): number {
  if (count >>> 0 > MAX_VECTORS) return ERRNO.inval;
  const writtenAt = guest.area(written, 4, 1);
  const first = guest.area(vectors, (count >>> 0) * VECTOR_BYTES, 1);
  const end = first + (count >>> 0) * VECTOR_BYTES;
  let total = 0;
  for (let at = first; at < end && total < MAX_WRITE_BYTES; at += VECTOR_BYTES) {
    const size = guest.view.getUint32(at + 4, true);
    const start = guest.area(guest.view.getUint32(at, true), size, 1);
    const taken = Math.min(size, MAX_WRITE_BYTES - total);
    guest.crossed(taken);
    host.output(fd === 1 ? 'stdout' : 'stderr', guest.u8.subarray(start, start + taken));
    total += taken;
  }
  guest.view.setUint32(writtenAt, total, true);
  return ERRNO.success;
}

/** `fd_read` of standard input: it is at its end. */
export function readStandardInput(guest: GuestCore, read: number): number {
  guest.view.setUint32(guest.area(read, 4, 1), 0, true);
  return ERRNO.success;
}

/** `fd_fdstat_get`: a terminal, as libraries see it (a device that cannot seek), so that C writes line by line. */
export function standardStat(guest: GuestCore, fd: number, pointer: number): number {
  const at = guest.area(pointer, FDSTAT_BYTES, 1);
  guest.u8.fill(0, at, at + FDSTAT_BYTES);
  guest.view.setUint8(at, CHARACTER_DEVICE);
  guest.view.setBigUint64(at + 8, fd === 0 ? RIGHT_READ : RIGHT_WRITE, true);
  return ERRNO.success;
}

/** `fd_filestat_get`: a device without size or times. */
export function standardFileStat(guest: GuestCore, pointer: number): number {
  const at = guest.area(pointer, FILESTAT_BYTES, 1);
  guest.u8.fill(0, at, at + FILESTAT_BYTES);
  guest.view.setUint8(at + 16, CHARACTER_DEVICE);
  guest.view.setBigUint64(at + 24, 1n, true);
  return ERRNO.success;
}
