import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { FileFault, type FileNode, type FileRoot } from './file-node.js';

/** Of one instance, the roots included. */
const MAX_DESCRIPTORS = 64;
/** Standard input, output and error come before them. */
export const FIRST_DESCRIPTOR = 3;
/** Of the directories that an instance is in the middle of listing: four of the largest. */
const MAX_LISTING_BYTES = 1 << 22;
const NO_ENTRIES = new Uint8Array(0);

/** An open file or directory. */
export interface Descriptor {
  readonly node: FileNode;
  /** Where the guest finds a root, in UTF-8. */
  readonly rootPath: Uint8Array | undefined;
  /** Where the next `fd_read` reads, and the next `fd_write` writes. */
  position: number;
  /** As the guest has set them: of these, `append` has an effect. */
  flags: number;
  /** The entries as they were when listing began, so that none is left out where others are removed meanwhile. */
  listing: Uint8Array;
}

/** The files that one instance has open: the roots from the start, each with the lowest free number as in POSIX. */
export class OpenFiles {
  readonly #descriptors: (Descriptor | undefined)[] = [];

  constructor(roots: readonly FileRoot[]) {
    for (const { path, directory } of roots) this.add(directory, 0, new TextEncoder().encode(path));
  }

  get(fd: number): Descriptor | undefined {
    return this.#descriptors[(fd >>> 0) - FIRST_DESCRIPTOR];
  }

  /** @throws FileFault where there is none */
  require(fd: number): Descriptor {
    const descriptor = this.get(fd);
    if (descriptor === undefined) throw new FileFault(ERRNO.badf);
    return descriptor;
  }

  get isFull(): boolean {
    return this.#descriptors.length >= MAX_DESCRIPTORS && !this.#descriptors.includes(undefined);
  }

  /** Its number. There must be room. */
  add(node: FileNode, flags: number, rootPath?: Uint8Array): number {
    const free = this.#descriptors.indexOf(undefined);
    const index = free < 0 ? this.#descriptors.length : free;
    this.#descriptors[index] = { node, rootPath, position: 0, flags, listing: NO_ENTRIES };
    return index + FIRST_DESCRIPTOR;
  }

  /** @throws FileFault where there is no room for that much */
  list(descriptor: Descriptor): Uint8Array {
    descriptor.listing = NO_ENTRIES;
    const listing = descriptor.node.list();
    const others = this.#descriptors.reduce((sum, other) => sum + (other?.listing.length ?? 0), 0);
    if (others + listing.length > MAX_LISTING_BYTES) throw new FileFault(ERRNO.nomem);
    descriptor.listing = listing;
    return listing;
  }

  close(descriptor: Descriptor): number {
    this.#descriptors[this.#descriptors.indexOf(descriptor)] = undefined;
    descriptor.node.close();
    return ERRNO.success;
  }
}
