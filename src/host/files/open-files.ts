import { type BigIntStats, closeSync, fstatSync } from 'node:fs';
import type { SpaceOrder } from './backend.js';
import { fault } from './file-fault.js';
import type { OpenRoot } from './open-root.js';
import type { Space } from './space.js';

/** A file or directory that a plugin has open. */
export interface OpenFile {
  readonly fd: number;
  readonly root: OpenRoot;
  readonly space: Space;
  readonly order: SpaceOrder;
  readonly inode: string;
}

/** What has no name any more, and is there for as long as somebody has it open. */
interface Held {
  count: number;
  /** Whom it is released from then. */
  owner: Space | undefined;
}

/** All that is open, by the numbers that the main thread gives. */
export class OpenFiles {
  readonly #files = new Map<number, OpenFile>();
  readonly #held = new Map<string, Held>();

  add(handle: number, file: Omit<OpenFile, 'inode'>): void {
    const inode = inodeOf(fstatSync(file.fd, { bigint: true }));
    const held = this.#held.get(inode) ?? { count: 0, owner: undefined };
    held.count++;
    this.#held.set(inode, held);
    this.#files.set(handle, { ...file, inode });
  }

  /** @throws FileFault where there is none: the thread before this one had it */
  get(handle: number): OpenFile {
    const file = this.#files.get(handle);
    if (file === undefined) throw fault('badf');
    return file;
  }

  /** Its last name is gone, and with it what it takes, unless somebody has it open. */
  removed(found: BigIntStats, owner: Space): void {
    if (found.isFile() && found.nlink > 1n) return;
    const held = found.isFile() ? this.#held.get(inodeOf(found)) : undefined;
    if (held === undefined) owner.release(found.isFile() ? Number(found.size) : 0, 1);
    else held.owner = owner;
  }

  close(handle: number): void {
    const file = this.#files.get(handle);
    if (file === undefined) return;
    this.#files.delete(handle);
    const held = this.#held.get(file.inode);
    if (held !== undefined && --held.count === 0) {
      this.#held.delete(file.inode);
      held.owner?.release(fstatSync(file.fd).size, 1);
    }
    closeSync(file.fd);
  }
}

function inodeOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
