import type { FileKind, OpenHow } from '../../src/protocol/files.js';

/** An operation on a file that ends with an error number of WASI. */
export class FileFault extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`error number ${errno}`);
    this.errno = errno;
  }
}

/**
 * A file or directory that is open, as the functions of WASI see it, whatever is behind it. Paths are the guest's bytes, as it sent
 * them, and lead from a directory. Every method may throw FileFault.
 */
export interface FileNode {
  readonly kind: FileKind;
  readonly isReadable: boolean;
  /** Of a directory: that what is in it may be changed at all. */
  readonly isWritable: boolean;
  /** As `packStat` has it. */
  stat(): Uint8Array;
  /** What stands at an offset; fewer bytes at the end of the file. */
  read(offset: number, maxBytes: number): Uint8Array;
  /** @param offset undefined for the end of the file. Answers how many were written, and where the next ones come. */
  write(offset: number | undefined, bytes: Uint8Array): { written: number; end: number };
  /** @param onlyGrow a smaller size changes nothing */
  resize(sizeBytes: bigint, onlyGrow: boolean): void;
  sync(): void;
  /** The entries of a directory, as `packEntries` has them. */
  list(): Uint8Array;
  /** Where `how.crowded`, it never opens anything. */
  open(path: Uint8Array, how: OpenHow): FileNode;
  statAt(path: Uint8Array): Uint8Array;
  makeDirectory(path: Uint8Array): void;
  removeDirectory(path: Uint8Array): void;
  unlink(path: Uint8Array): void;
  rename(path: Uint8Array, to: FileNode, toPath: Uint8Array): void;
  /** Without a path of this node itself. Times are nanoseconds since the epoch, or as `KEEP_TIME` and `TIME_NOW` say. */
  setTimes(path: Uint8Array | undefined, accessedNs: bigint, modifiedNs: bigint): void;
  close(): void;
}

/** A directory that is open from the start: descriptor 3, or one behind it. */
export interface FileRoot {
  /** Where the guest finds it: an absolute path such as `/assets`. */
  readonly path: string;
  readonly directory: FileNode;
}
