import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { stands } from '../../protocol/defences.js';
import type { Place } from './backend.js';
import { codeOf, escaping, fault } from './file-fault.js';
import { DESCRIPTORS, O_PATH, type OpenRoot } from './open-root.js';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Taken out by the attack suite alone: then names are followed wherever they lead. */
const guards = (): boolean => stands('file-walk');

/** Something in a directory that is open for as long as this is of use. */
export class Spot {
  /** How the system is asked for it. */
  readonly path: string;
  readonly #root: OpenRoot;
  readonly #place: Place;
  readonly #parent: number;

  constructor(root: OpenRoot, place: Place, parent: number) {
    this.path = below(parent, place.path.at(-1) ?? '.');
    this.#root = root;
    this.#place = place;
    this.#parent = parent;
  }

  /** Undefined where nothing is there. @throws FileFault where it is known by another name */
  look(): BigIntStats | undefined {
    const found = lstatSync(this.path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return undefined;
    this.#root.requireNotOwn(found);
    this.#requireOwnName(found);
    return found;
  }

  /**
   * Opens it; whoever asks closes it.
   * @throws FileFault where it is neither a file that has one name alone nor a directory, or not where it was asked for
   */
  open(flags: number, mode?: number): number {
    const fd = openSync(this.path, flags | (guards() ? O_NOFOLLOW : 0) | O_NONBLOCK, mode);
    try {
      const found = fstatSync(fd, { bigint: true });
      requirePlain(found);
      this.#root.requireNotOwn(found);
      if (this.#place.isDirectory && !found.isDirectory()) throw fault('notdir');
      if (guards()) this.#root.requireAt(fd, this.#place.path);
      this.#requireOwnName(found);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  #requireOwnName(found: BigIntStats): void {
    requireOwnName(this.#place, this.#place.path.length, this.#parent, found);
  }
}

/**
 * Goes to a place one component after the other, each in the descriptor of the one before, so that nobody can put anything
 * in the way that leads elsewhere. Symbolic links are not followed, those that stay inside the root neither.
 */
export function at<T>(root: OpenRoot, place: Place, use: (spot: Spot) => T): T {
  const above = place.path.slice(0, -1);
  let here = root.fd;
  try {
    for (const [index, name] of above.entries()) {
      const [before, next] = [here, openDirectory(here, name)];
      try {
        here = next;
        const found = fstatSync(next, { bigint: true });
        root.requireNotOwn(found);
        requireOwnName(place, index + 1, before, found);
      } finally {
        if (before !== root.fd) closeSync(before);
      }
    }
    if (above.length > 0 && guards()) root.requireAt(here, above);
    return use(new Spot(root, place, here));
  } finally {
    if (here !== root.fd) closeSync(here);
  }
}

function openDirectory(parent: number, name: string): number {
  const path = below(parent, name);
  try {
    return openSync(path, O_PATH | O_DIRECTORY | (guards() ? O_NOFOLLOW : 0));
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR' && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      throw escaping('link');
    throw error;
  }
}

/** @throws FileFault for a link, a pipe, a device, a socket, and a file that may be somewhere else too */
export function requirePlain(found: BigIntStats): void {
  if (!guards() || found.isDirectory()) return;
  if (found.isSymbolicLink()) throw escaping('link');
  if (!found.isFile()) throw escaping('special');
  if (found.nlink > 1n) throw escaping('hard-link');
}

/**
 * A file system that ignores case, or how a letter is composed, knows one file by many names. What a denial is about must not
 * be reached by another one than the denial's: so what was found is compared with what has that name in the same directory.
 */
function requireOwnName({ path, apart }: Place, depth: number, parent: number, found: BigIntStats): void {
  for (const other of apart) {
    const name = other[depth - 1];
    if (name === undefined || name === path[depth - 1]) continue;
    if (other.slice(0, depth - 1).join('/') !== path.slice(0, depth - 1).join('/')) continue;
    const its = lstatSync(below(parent, name), { bigint: true, throwIfNoEntry: false });
    if (its?.ino === found.ino && its.dev === found.dev) throw escaping('other-spelling');
  }
}

function below(parent: number, name: string): string {
  return `${DESCRIPTORS}/${parent}/${name}`;
}
