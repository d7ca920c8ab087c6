import { existsSync, rmdirSync } from 'node:fs';
import type { Place, Root } from './backend.js';
import { OpenRoot } from './open-root.js';
import type { OwnData } from './own-data.js';
import { Space } from './space.js';
import { clearTree, countTree } from './tree.js';

/** The roots that somebody has used, each held open, and what is counted in them. */
export class Roots {
  readonly #open = new Map<string, OpenRoot>();
  readonly #spaces = new Map<string, Space>();
  /** Devices are told to guests by number alone. */
  readonly #devices: bigint[] = [];
  readonly #own: OwnData | undefined;

  constructor(own: OwnData | undefined) {
    this.#own = own;
  }

  /** @throws what the system says */
  open(root: Root): OpenRoot {
    const known = this.#open.get(root.key);
    if (known?.isThere) return known;
    this.forget(root.key);
    const opened = new OpenRoot(root, this.#own);
    this.#open.set(root.key, opened);
    return opened;
  }

  /** What is in a scratch directory is counted once; in other roots only what is added counts. */
  space({ root, space }: Place): Space {
    const known = this.#spaces.get(space.key);
    if (known !== undefined) return known;
    const opened = new Space(root.scratch ? countTree(this.open(root).fd) : undefined);
    this.#spaces.set(space.key, opened);
    return opened;
  }

  /** Of a directory that nobody has made yet: nothing. */
  used(key: string, scratch: Root | undefined): { bytes: number; entries: number } {
    const known = this.#spaces.get(key);
    if (known !== undefined) return known.used;
    const isThere = scratch !== undefined && existsSync(scratch.directory);
    return isThere ? countTree(this.open(scratch).fd) : { bytes: 0, entries: 0 };
  }

  device(device: bigint): bigint {
    const index = this.#devices.indexOf(device);
    return BigInt(index < 0 ? this.#devices.push(device) : index + 1);
  }

  /** Removes a scratch directory with all that it holds. Its space has the name of its root. */
  remove(root: Root): void {
    if (existsSync(root.directory)) {
      clearTree(this.open(root).fd);
      rmdirSync(root.directory);
    }
    this.forget(root.key);
    this.#spaces.delete(root.key);
  }

  forget(key: string): void {
    this.#open.get(key)?.close();
    this.#open.delete(key);
  }
}
