import { type BigIntStats, lstatSync, opendirSync } from 'node:fs';
import { FILE_LIMITS } from '../../limits/files.js';
import { entryBytes, type FileEntry, type FileKind, type FileStat, packEntries } from '../../protocol/files.js';
import { fault } from './file-fault.js';
import { DESCRIPTORS } from './open-root.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

interface Typed {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

export function kindOf(found: Typed): FileKind {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'directory';
  return found.isSymbolicLink() ? 'symlink' : 'other';
}

/** @param device as guests know it */
export function fileStat(found: BigIntStats, device: bigint): FileStat {
  return {
    kind: kindOf(found),
    sizeBytes: found.size,
    inode: found.ino,
    device,
    links: found.nlink,
    accessedNs: moment(found.atimeNs),
    modifiedNs: moment(found.mtimeNs),
    changedNs: moment(found.ctimeNs),
  };
}

/**
 * The entries of an open directory. A name that is not UTF-8 is left out: no guest could ask for it.
 * @throws FileFault where they are more than can be listed
 */
export function listing(fd: number): Uint8Array {
  const entries: FileEntry[] = [];
  const directory = opendirSync(`${DESCRIPTORS}/${fd}/.`, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  try {
    let bytes = 0;
    for (let found = directory.readSync(); found !== null; found = directory.readSync()) {
      const name = found.name as unknown as Buffer;
      bytes += entryBytes({ name });
      if (bytes > FILE_LIMITS.maxListingBytes) throw fault('nomem');
      const text = textOf(name);
      const stat = text && lstatSync(`${DESCRIPTORS}/${fd}/${text}`, { bigint: true, throwIfNoEntry: false });
      if (stat) entries.push({ name, kind: kindOf(stat), inode: stat.ino });
    }
  } finally {
    directory.closeSync();
  }
  return packEntries(entries);
}

/** Undefined where it is not UTF-8. */
function textOf(name: Buffer): string | undefined {
  try {
    return utf8.decode(name);
  } catch {
    return undefined;
  }
}

/** WASI knows no time before the epoch. */
function moment(ns: bigint): bigint {
  return ns < 0n ? 0n : ns;
}
