import { FILE_KINDS } from '../../src/protocol/files.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import type { FileNode } from './file-node.js';
import type { GuestCore } from './guest-core.js';

const FDSTAT_BYTES = 24;

export const RIGHT = {
  fdRead: 1n << 1n,
  fdSeek: 1n << 2n,
  fdTell: 1n << 5n,
  fdWrite: 1n << 6n,
  fdAdvise: 1n << 7n,
  fdAllocate: 1n << 8n,
  pathOpen: 1n << 13n,
  fdReaddir: 1n << 14n,
  pathFilestatGet: 1n << 18n,
  fdFilestatGet: 1n << 21n,
  fdFilestatSetSize: 1n << 22n,
  pollFdReadwrite: 1n << 27n,
} as const;

/** Those of preview 1 that are about files and directories. */
const ALL = (1n << 28n) - 1n;
const CHANGES = RIGHT.fdWrite | RIGHT.fdAllocate | RIGHT.fdFilestatSetSize;
const FILE = RIGHT.fdRead | RIGHT.fdSeek | RIGHT.fdTell | RIGHT.fdAdvise | RIGHT.fdFilestatGet | RIGHT.pollFdReadwrite;
const DIRECTORY = RIGHT.pathOpen | RIGHT.fdReaddir | RIGHT.pathFilestatGet | RIGHT.fdFilestatGet;

/** Whether what is opened with these rights is to be changed. Go asks for the one to set a size even where it only reads. */
export const asksToWrite = (rights: bigint): boolean => (rights & RIGHT.fdWrite) !== 0n;
export const asksToRead = (rights: bigint): boolean => (rights & (RIGHT.fdRead | RIGHT.fdReaddir)) !== 0n;

/**
 * `fd_fdstat_get`. What is told of rights is what C's library then asks for; whether the plugin has them is another matter, and shows
 * when it uses them.
 */
export function writeFdstat(guest: GuestCore, node: FileNode, flags: number, out: number): number {
  const at = guest.area(out, FDSTAT_BYTES, 1);
  guest.u8.fill(0, at, at + FDSTAT_BYTES);
  guest.view.setUint8(at, FILE_KINDS[node.kind]);
  guest.view.setUint16(at + 2, flags, true);
  guest.view.setBigUint64(at + 8, rightsOf(node), true);
  if (node.kind !== 'directory') return ERRNO.success;
  // It asks only for rights that it finds here: without the one to write, a file that is to be written would be opened.
  const inherited = node.isWritable ? ALL : DIRECTORY | FILE | RIGHT.fdWrite;
  guest.view.setBigUint64(at + 16, inherited, true);
  return ERRNO.success;
}

function rightsOf({ kind, isReadable, isWritable }: FileNode): bigint {
  if (kind === 'directory') return isWritable ? ALL : DIRECTORY;
  const readable = isReadable ? FILE : FILE & ~RIGHT.fdRead;
  return isWritable ? readable | CHANGES | DATA : readable;
}

/** `fd_datasync`, `fd_sync` and `fd_filestat_set_times`. */
const DATA = (1n << 0n) | (1n << 4n) | (1n << 23n);
