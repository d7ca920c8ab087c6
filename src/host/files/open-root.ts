import { type BigIntStats, closeSync, constants, fstatSync, mkdirSync, openSync, readlinkSync } from 'node:fs';
import type { Root } from './backend.js';
import { fault } from './file-fault.js';
import type { OwnData } from './own-data.js';

/** Where Linux shows what a descriptor is of. Below one of a directory a path begins there, whatever has become of its name. */
export const DESCRIPTORS = '/proc/self/fd';

/** A descriptor that says where something is, and cannot be read. The same number on every architecture that Node has. */
export const O_PATH = 0o10000000;

/** The directory of a root, held open: what is moved there meanwhile is not looked at. */
export class OpenRoot {
  readonly fd: number;
  readonly #own: OwnData | undefined;

  /** @throws FileFault, or what the system says */
  constructor({ directory, scratch }: Root, own: OwnData | undefined) {
    if (scratch) mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#own = own;
    this.fd = openSync(directory, O_PATH | constants.O_DIRECTORY);
    try {
      if (!scratch) own?.requireApart(pathOf(this.fd));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether its directory is still somewhere. */
  get isThere(): boolean {
    return fstatSync(this.fd).nlink > 0;
  }

  /** Where a descriptor's file is now: the components below the root; undefined where that is elsewhere, or nowhere. */
  where(fd: number): string[] | undefined {
    const [top, found] = [pathOf(this.fd), pathOf(fd)];
    if (found === top) return [];
    const before = top === '/' ? top : `${top}/`;
    if (!found.startsWith(before) || fstatSync(fd).nlink === 0) return undefined;
    return found.slice(before.length).split('/');
  }

  /** @throws FileFault where the descriptor's file is not exactly there: another spelling was used, or somebody has moved it */
  requireAt(fd: number, path: readonly string[]): void {
    if (this.where(fd)?.join('/') !== path.join('/')) throw fault('noent');
  }

  /** @throws FileFault where that is the server's own directory */
  requireNotOwn(found: BigIntStats): void {
    this.#own?.requireOther(found);
  }

  close(): void {
    closeSync(this.fd);
  }
}

function pathOf(fd: number): string {
  return readlinkSync(`${DESCRIPTORS}/${fd}`);
}
