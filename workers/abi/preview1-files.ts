import type { FileNode, FileRoot } from './file-node.js';
import type { GuestCore } from './guest-core.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { resolve } from './preview1-paths.js';
import { FILE_TYPES, place, read, readDirectory, seek, WHENCE, writeStat } from './preview1-reading.js';

/** Of one instance, the roots included. */
const MAX_DESCRIPTORS = 64;
/** Standard input, output and error come before them. */
const FIRST_DESCRIPTOR = 3;

/** Sizes and numbers of `preview1/docs.md`. */
const PRESTAT_BYTES = 8;
const FDSTAT_BYTES = 24;
const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const RIGHT = {
  fdRead: 1n << 1n,
  fdSeek: 1n << 2n,
  fdTell: 1n << 5n,
  fdWrite: 1n << 6n,
  fdAdvise: 1n << 7n,
  pathOpen: 1n << 13n,
  fdReaddir: 1n << 14n,
  pathFilestatGet: 1n << 18n,
  fdFilestatGet: 1n << 21n,
  pollFdReadwrite: 1n << 27n,
} as const;
const FILE_RIGHTS =
  RIGHT.fdRead | RIGHT.fdSeek | RIGHT.fdTell | RIGHT.fdAdvise | RIGHT.fdFilestatGet | RIGHT.pollFdReadwrite;
const DIRECTORY_RIGHTS = RIGHT.pathOpen | RIGHT.fdReaddir | RIGHT.pathFilestatGet | RIGHT.fdFilestatGet;

/** An open file or directory. */
interface Descriptor {
  readonly node: FileNode;
  /** Where the guest finds a root, in UTF-8. */
  readonly rootPath: Uint8Array | undefined;
  /** Where the next `fd_read` reads. */
  position: number;
  /** As the guest has set them; they have no effect on files in memory. */
  flags: number;
}

type Functions = Readonly<Record<string, (...core: never[]) => number>>;

/** The files that one instance has open: the roots from the start, each with the lowest free number as in POSIX. */
export class OpenFiles {
  readonly #descriptors: (Descriptor | undefined)[] = [];

  constructor(roots: readonly FileRoot[]) {
    for (const { path, directory } of roots) this.add(directory, new TextEncoder().encode(path));
  }

  get(fd: number): Descriptor | undefined {
    return this.#descriptors[(fd >>> 0) - FIRST_DESCRIPTOR];
  }

  /** Its number; undefined where there are as many as there may be. */
  add(node: FileNode, rootPath?: Uint8Array): number | undefined {
    const free = this.#descriptors.indexOf(undefined);
    const index = free < 0 ? this.#descriptors.length : free;
    if (index >= MAX_DESCRIPTORS) return undefined;
    this.#descriptors[index] = { node, rootPath, position: 0, flags: 0 };
    return index + FIRST_DESCRIPTOR;
  }

  close(descriptor: Descriptor): number {
    this.#descriptors[this.#descriptors.indexOf(descriptor)] = undefined;
    return ERRNO.success;
  }
}

/**
 * The functions of WASI that work on files. They read: whatever would write answers ROFS.
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
      if (descriptor !== undefined) return serve(descriptor, ...core);
      return fd >>> 0 < FIRST_DESCRIPTOR ? standard(fd, ...core) : ERRNO.badf;
    };
  }
  // Its descriptor is not the first argument.
  served['path_symlink'] = (_from: number, _length: number, fd: number) =>
    files.get(fd) === undefined ? ERRNO.badf : ERRNO.rofs;
  return served;
}

function ofDescriptors(guest: GuestCore, files: OpenFiles) {
  const readOnly = () => ERRNO.rofs;
  const nothingToDo = () => ERRNO.success;
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
    fd_read: (descriptor: Descriptor, vectors: number, count: number, out: number) => {
      const { node, position } = descriptor;
      return read(guest, node, { vectors, count, out }, position, (taken) => (descriptor.position += taken));
    },
    fd_pread: ({ node }: Descriptor, vectors: number, count: number, offset: bigint, out: number) => {
      const from = place(BigInt.asUintN(64, offset));
      return from === undefined ? ERRNO.inval : read(guest, node, { vectors, count, out }, from);
    },
    fd_seek: (descriptor: Descriptor, delta: bigint, whence: number, out: number) =>
      seek(guest, descriptor, delta, whence, out),
    fd_tell: (descriptor: Descriptor, out: number) => seek(guest, descriptor, 0n, WHENCE.current, out),
    fd_readdir: (descriptor: Descriptor, pointer: number, length: number, cookie: bigint, out: number) =>
      readDirectory(guest, descriptor.node, { pointer, length, out }, BigInt.asUintN(64, cookie)),
    fd_close: (descriptor: Descriptor) => files.close(descriptor),
    fd_fdstat_get: ({ node, flags }: Descriptor, out: number) => {
      const isDirectory = node.stat().kind === 'directory';
      const at = guest.area(out, FDSTAT_BYTES, 1);
      guest.u8.fill(0, at, at + FDSTAT_BYTES);
      guest.view.setUint8(at, FILE_TYPES[node.stat().kind]);
      guest.view.setUint16(at + 2, flags, true);
      guest.view.setBigUint64(at + 8, isDirectory ? DIRECTORY_RIGHTS : FILE_RIGHTS, true);
      // C's library asks only for rights that it finds here: without this one a file that is to be written would be opened.
      if (isDirectory) guest.view.setBigUint64(at + 16, DIRECTORY_RIGHTS | FILE_RIGHTS | RIGHT.fdWrite, true);
      return ERRNO.success;
    },
    fd_fdstat_set_flags: (descriptor: Descriptor, flags: number) => {
      descriptor.flags = flags & 0x1f;
      return ERRNO.success;
    },
    fd_filestat_get: ({ node }: Descriptor, out: number) => writeStat(guest, node.stat(), out),
    fd_advise: nothingToDo,
    fd_sync: nothingToDo,
    fd_datasync: nothingToDo,
    fd_allocate: readOnly,
    fd_filestat_set_size: readOnly,
    fd_filestat_set_times: readOnly,
    // What is not open for writing is EBADF to whoever writes, as in POSIX.
    fd_pwrite: () => ERRNO.badf,
  };
}

function ofPaths(guest: GuestCore, files: OpenFiles) {
  const readOnly = () => ERRNO.rofs;
  return {
    path_open: (
      { node: from }: Descriptor,
      _follow: number,
      path: number,
      length: number,
      flags: number,
      rights: bigint,
      _inherited: bigint,
      _modes: number,
      out: number,
    ) => {
      const node = resolve(guest, from, path, length);
      const fault = openFault(node, flags, (rights & RIGHT.fdWrite) !== 0n);
      if (fault !== ERRNO.success || typeof node === 'number') return fault;
      const outAt = guest.area(out, 4, 1);
      const fd = files.add(node);
      if (fd === undefined) return ERRNO.mfile;
      guest.view.setUint32(outAt, fd, true);
      return ERRNO.success;
    },
    path_filestat_get: ({ node: from }: Descriptor, _follow: number, path: number, length: number, out: number) => {
      const node = resolve(guest, from, path, length);
      return typeof node === 'number' ? node : writeStat(guest, node.stat(), out);
    },
    path_readlink: ({ node: from }: Descriptor, path: number, length: number) => {
      const node = resolve(guest, from, path, length);
      return typeof node === 'number' ? node : ERRNO.inval;
    },
    path_create_directory: readOnly,
    path_filestat_set_times: readOnly,
    path_link: readOnly,
    path_remove_directory: readOnly,
    path_rename: readOnly,
    path_unlink_file: readOnly,
  };
}

/** Why something may not be opened in that way, or success. */
function openFault(node: FileNode | number, flags: number, toWrite: boolean): number {
  const has = (flag: number) => (flags & flag) !== 0;
  if (typeof node === 'number') return node === ERRNO.noent && has(OPEN.create) ? ERRNO.rofs : node;
  if (has(OPEN.create) && has(OPEN.exclusive)) return ERRNO.exist;
  const isDirectory = node.stat().kind === 'directory';
  if (has(OPEN.directory) && !isDirectory) return ERRNO.notdir;
  if (isDirectory && (has(OPEN.create) || has(OPEN.truncate) || toWrite)) return ERRNO.isdir;
  return has(OPEN.truncate) || toWrite ? ERRNO.rofs : ERRNO.success;
}
