import { FILE_KINDS } from '../../src/protocol/files.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { FileFault } from './file-node.js';
import type { GuestCore } from './guest-core.js';
import { moments } from './preview1-moments.js';
import type { Descriptor, OpenFiles } from './preview1-open-files.js';
import { writeStat } from './preview1-reading.js';
import { asksToRead, asksToWrite } from './preview1-rights.js';

/** POSIX's PATH_MAX, as on Linux. */
const MAX_PATH_BYTES = 4_096;
/** Sizes and numbers of `preview1/docs.md`. */
const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const KNOWN_FLAGS = 0x1f;
const KIND_AT = 16;

/** The functions of WASI that work on what a path leads to from an open directory. */
export function ofPaths(guest: GuestCore, files: OpenFiles) {
  return { ...ofOpening(guest, files), ...ofLooking(guest), ...ofChanging(guest, files) };
}

function ofOpening(guest: GuestCore, files: OpenFiles) {
  return {
    path_open: (
      { node: from }: Descriptor,
      _follow: number,
      pointer: number,
      length: number,
      flags: number,
      rights: bigint,
      _inherited: bigint,
      modes: number,
      out: number,
    ) => {
      const path = pathAt(guest, pointer, length);
      const outAt = guest.area(out, 4, 1);
      const has = (flag: number) => (flags & flag) !== 0;
      const how = {
        read: asksToRead(rights),
        write: asksToWrite(rights),
        create: has(OPEN.create),
        exclusive: has(OPEN.exclusive),
        truncate: has(OPEN.truncate),
        directory: has(OPEN.directory),
        crowded: files.isFull,
      };
      const fd = files.add(from.open(path, how), modes & KNOWN_FLAGS);
      guest.view.setUint32(outAt, fd, true);
      return ERRNO.success;
    },
  };
}

function ofLooking(guest: GuestCore) {
  return {
    path_filestat_get: ({ node }: Descriptor, _follow: number, path: number, length: number, out: number) =>
      writeStat(guest, node.statAt(pathAt(guest, path, length)), out),
    // Where a link leads is nothing that a guest could use: no link is followed.
    path_readlink: ({ node }: Descriptor, path: number, length: number) =>
      node.statAt(pathAt(guest, path, length))[KIND_AT] === FILE_KINDS.symlink ? ERRNO.perm : ERRNO.inval,
  };
}

function ofChanging(guest: GuestCore, files: OpenFiles) {
  return {
    path_create_directory: ({ node }: Descriptor, path: number, length: number) => {
      node.makeDirectory(pathAt(guest, path, length));
      return ERRNO.success;
    },
    path_remove_directory: ({ node }: Descriptor, path: number, length: number) => {
      node.removeDirectory(pathAt(guest, path, length));
      return ERRNO.success;
    },
    path_unlink_file: ({ node }: Descriptor, path: number, length: number) => {
      node.unlink(pathAt(guest, path, length));
      return ERRNO.success;
    },
    path_rename: (
      { node }: Descriptor,
      path: number,
      length: number,
      toFd: number,
      toPath: number,
      toLength: number,
    ) => {
      const to = files.require(toFd);
      node.rename(pathAt(guest, path, length), to.node, pathAt(guest, toPath, toLength));
      return ERRNO.success;
    },
    path_filestat_set_times: (
      { node }: Descriptor,
      _follow: number,
      path: number,
      length: number,
      accessed: bigint,
      modified: bigint,
      flags: number,
    ) => {
      node.setTimes(pathAt(guest, path, length), ...moments(accessed, modified, flags));
      return ERRNO.success;
    },
    // A second name would lead out of a root, or into one.
    path_link: ({ node }: Descriptor) => (node.isWritable ? ERRNO.perm : ERRNO.rofs),
  };
}

/** A path in the guest's memory. @throws FileFault for none at all, and for one that is too long */
function pathAt(guest: GuestCore, pointer: number, length: number): Uint8Array {
  const size = length >>> 0;
  if (size > MAX_PATH_BYTES) throw new FileFault(ERRNO.nametoolong);
  const start = guest.area(pointer, size, 1);
  guest.crossed(size);
  if (size === 0) throw new FileFault(ERRNO.noent);
  return guest.u8.slice(start, start + size);
}
