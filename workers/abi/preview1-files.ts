import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { FileFault } from './file-node.js';
import type { GuestCore } from './guest-core.js';
import { moments } from './preview1-moments.js';
import { type Descriptor, FIRST_DESCRIPTOR, type OpenFiles } from './preview1-open-files.js';
import { ofPaths } from './preview1-paths.js';
import { place, read, readEntries, seek, WHENCE, write, writeStat } from './preview1-reading.js';
import { writeFdstat } from './preview1-rights.js';

/** Sizes and numbers of `preview1/docs.md`. */
const PRESTAT_BYTES = 8;
const APPEND = 1;
const KNOWN_FLAGS = 0x1f;

type Functions = Readonly<Record<string, (...core: never[]) => number>>;

/**
 * The functions of WASI that work on files.
 * @param otherwise serves the standard descriptors
 */
export function fileFunctions(guest: GuestCore, files: OpenFiles, otherwise: Functions): Functions {
  const served: Record<string, (...core: never[]) => number> = {};
  for (const [name, serve] of Object.entries<(descriptor: Descriptor, ...core: never[]) => number>({
    ...ofDescriptors(guest, files),
    ...ofPaths(guest, files),
  })) {
    const standard = otherwise[name] as (fd: number, ...core: never[]) => number;
    served[name] = (fd: number, ...core: never[]) => {
      const descriptor = files.get(fd);
      if (descriptor !== undefined) return answering(() => serve(descriptor, ...core));
      return fd >>> 0 < FIRST_DESCRIPTOR ? standard(fd, ...core) : ERRNO.badf;
    };
  }
  // Its descriptor is not the first argument.
  served['path_symlink'] = (_from: number, _length: number, fd: number) => {
    const descriptor = files.get(fd);
    if (descriptor === undefined) return ERRNO.badf;
    return descriptor.node.isWritable ? ERRNO.perm : ERRNO.rofs;
  };
  return served;
}

function answering(serve: () => number): number {
  try {
    return serve();
  } catch (error) {
    if (error instanceof FileFault) return error.errno;
    throw error;
  }
}

function ofDescriptors(guest: GuestCore, files: OpenFiles) {
  const nothingToDo = () => ERRNO.success;
  const sync = ({ node }: Descriptor) => {
    node.sync();
    return ERRNO.success;
  };
  return {
    ...ofRoots(guest),
    ...ofContents(guest),
    fd_readdir: (descriptor: Descriptor, pointer: number, length: number, cookie: bigint, out: number) => {
      if (descriptor.node.kind !== 'directory') return ERRNO.notdir;
      const from = BigInt.asUintN(64, cookie);
      const listing = from === 0n ? files.list(descriptor) : descriptor.listing;
      return readEntries(guest, listing, { pointer, length, out }, from);
    },
    fd_close: (descriptor: Descriptor) => files.close(descriptor),
    fd_fdstat_get: ({ node, flags }: Descriptor, out: number) => writeFdstat(guest, node, flags, out),
    fd_fdstat_set_flags: (descriptor: Descriptor, flags: number) => {
      descriptor.flags = flags & KNOWN_FLAGS;
      return ERRNO.success;
    },
    fd_filestat_get: ({ node }: Descriptor, out: number) => writeStat(guest, node.stat(), out),
    fd_filestat_set_times: ({ node }: Descriptor, accessed: bigint, modified: bigint, flags: number) => {
      node.setTimes(undefined, ...moments(accessed, modified, flags));
      return ERRNO.success;
    },
    fd_advise: nothingToDo,
    fd_sync: sync,
    fd_datasync: sync,
  };
}

function ofRoots(guest: GuestCore) {
  return {
    fd_prestat_get: ({ rootPath }: Descriptor, out: number) => {
      if (rootPath === undefined) return ERRNO.badf;
      const at = guest.area(out, PRESTAT_BYTES, 1);
      guest.view.setUint32(at, 0, true);
      guest.view.setUint32(at + 4, rootPath.length, true);
      return ERRNO.success;
    },
    fd_prestat_dir_name: ({ rootPath }: Descriptor, pointer: number, length: number) => {
      if (rootPath === undefined) return ERRNO.badf;
      if (length >>> 0 < rootPath.length) return ERRNO.nametoolong;
      guest.u8.set(rootPath, guest.area(pointer, rootPath.length, 1));
      return ERRNO.success;
    },
  };
}

function ofContents(guest: GuestCore) {
  return {
    fd_read: (descriptor: Descriptor, vectors: number, count: number, out: number) => {
      const { node, position } = descriptor;
      return read(guest, node, { vectors, count, out }, position, (taken) => (descriptor.position += taken));
    },
    fd_pread: ({ node }: Descriptor, vectors: number, count: number, offset: bigint, out: number) => {
      const from = place(BigInt.asUintN(64, offset));
      return from === undefined ? ERRNO.inval : read(guest, node, { vectors, count, out }, from);
    },
    fd_write: (descriptor: Descriptor, vectors: number, count: number, out: number) => {
      const { node, position, flags } = descriptor;
      const at = (flags & APPEND) === 0 ? position : undefined;
      return write(guest, node, { vectors, count, out }, at, (end) => (descriptor.position = end));
    },
    fd_pwrite: ({ node }: Descriptor, vectors: number, count: number, offset: bigint, out: number) => {
      const at = place(BigInt.asUintN(64, offset));
      return at === undefined ? ERRNO.inval : write(guest, node, { vectors, count, out }, at);
    },
    fd_seek: (descriptor: Descriptor, delta: bigint, whence: number, out: number) =>
      seek(guest, descriptor, delta, whence, out),
    fd_tell: (descriptor: Descriptor, out: number) => seek(guest, descriptor, 0n, WHENCE.current, out),
    fd_allocate: ({ node }: Descriptor, offset: bigint, length: bigint) =>
      resized(node, BigInt.asUintN(64, offset) + BigInt.asUintN(64, length), true),
    fd_filestat_set_size: ({ node }: Descriptor, size: bigint) => resized(node, BigInt.asUintN(64, size), false),
  };
}

function resized(node: Descriptor['node'], sizeBytes: bigint, onlyGrow: boolean): number {
  if (place(sizeBytes) === undefined) return ERRNO.fbig;
  node.resize(sizeBytes, onlyGrow);
  return ERRNO.success;
}
