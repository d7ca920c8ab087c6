import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { FILE_LIMITS } from '../../limits/files.js';
import { type FileStat, KEEP_TIME, type OpenHow, TIME_NOW } from '../../protocol/files.js';
import { ERRNO } from '../../protocol/preview1-errno.js';
import type { FileAnswer, FileBackend, MayOpen, OpenedFile, Place, Root, Written } from './backend.js';
import { answerOf, codeOf, escaping, FileFault, fault } from './file-fault.js';
import { fileStat, kindOf, listing } from './file-stats.js';
import { type OpenFile, OpenFiles } from './open-files.js';
import type { OpenRoot } from './open-root.js';
import { Roots } from './opened-roots.js';
import { modeOf, openFound, requireRoom } from './opening.js';
import type { OwnData } from './own-data.js';
import { at, requirePlain, type Spot } from './walk.js';

const { O_RDONLY, O_CREAT, O_EXCL, O_DIRECTORY } = constants;
/** How often something may come and go between two looks at it. */
const MAX_TRIES = 3;

/** Files of the system, below directories that are held open. One operation at a time: guests have no races among themselves. */
export class SystemFiles implements FileBackend {
  readonly #roots: Roots;
  readonly #open = new OpenFiles();

  /** @param own the directory that no guest may come to; none by default */
  constructor(own?: OwnData) {
    this.#roots = new Roots(own);
  }

  open(handle: number, place: Place, how: OpenHow, may: MayOpen): FileAnswer<OpenedFile> {
    return this.#at(place, (spot, root) => {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const found = spot.look();
        const fd = found === undefined ? this.#create(spot, place, how, may) : openFound(spot, found, how, may);
        if (fd === undefined) continue;
        const file = { fd, root, space: this.#roots.space(place), order: place.space };
        if (how.truncate && found !== undefined) emptied(file);
        this.#open.add(handle, file);
        return { kind: kindOf(found ?? fstatSync(fd)), created: found === undefined };
      }
      throw fault('again');
    });
  }

  where(handle: number): FileAnswer<string[] | undefined> {
    return this.#with(handle, ({ fd, root }) => root.where(fd));
  }

  read(handle: number, offset: number, maxBytes: number): FileAnswer<Uint8Array> {
    return this.#with(handle, ({ fd }) => {
      const rest = Math.max(0, fstatSync(fd).size - offset);
      const into = new Uint8Array(Math.min(maxBytes, rest, FILE_LIMITS.maxPieceBytes));
      return into.subarray(0, into.length === 0 ? 0 : readSync(fd, into, 0, into.length, offset));
    });
  }

  write(handle: number, offset: number | undefined, bytes: Uint8Array): FileAnswer<Written> {
    return this.#with(handle, (file) => {
      const { size } = fstatSync(file.fd);
      const from = offset ?? size;
      const more = Math.max(0, from + bytes.length - size);
      file.space.add(more, 0, file.order);
      let written = 0;
      try {
        written = writeSync(file.fd, bytes, 0, bytes.length, from);
      } finally {
        // The disk may have taken less.
        file.space.release(more - Math.max(0, fstatSync(file.fd).size - size), 0);
      }
      return { written, end: from + written };
    });
  }

  stat(handle: number): FileAnswer<FileStat> {
    return this.#with(handle, ({ fd }) => this.#statOf(fstatSync(fd, { bigint: true })));
  }

  statAt(place: Place): FileAnswer<FileStat> {
    return this.#at(place, (spot) => {
      const found = spot.look();
      if (found === undefined) throw fault('noent');
      if (place.isDirectory && !found.isDirectory()) throw fault('notdir');
      return this.#statOf(found);
    });
  }

  list(place: Place): FileAnswer<Uint8Array> {
    return this.#at(place, (spot) => {
      const fd = spot.open(O_RDONLY | O_DIRECTORY);
      try {
        return listing(fd);
      } finally {
        closeSync(fd);
      }
    });
  }

  makeDirectory(place: Place): FileAnswer<undefined> {
    return this.#at(place, (spot) => {
      if (spot.look() !== undefined) throw fault('exist');
      this.#adding(place, () => mkdirSync(spot.path, place.root.scratch ? 0o700 : 0o777));
      return undefined;
    });
  }

  removeDirectory(place: Place): FileAnswer<undefined> {
    return this.#remove(place, (spot) => rmdirSync(spot.path));
  }

  unlink(place: Place): FileAnswer<undefined> {
    return this.#remove(place, (spot, found) => {
      if (found.isDirectory()) throw fault('isdir');
      if (place.isDirectory) throw fault('notdir');
      unlinkSync(spot.path);
    });
  }

  rename(from: Place, to: Place, mayReplace: boolean): FileAnswer<undefined> {
    return this.#at(from, (source) =>
      this.#through(to, (target) => this.#renamed(from, to, source, target, mayReplace)),
    );
  }

  resize(handle: number, sizeBytes: number, onlyGrow: boolean): FileAnswer<undefined> {
    return this.#with(handle, (file) => {
      const { size } = fstatSync(file.fd);
      if (onlyGrow && sizeBytes <= size) return undefined;
      file.space.add(Math.max(0, sizeBytes - size), 0, file.order);
      try {
        ftruncateSync(file.fd, sizeBytes);
      } finally {
        file.space.release(Math.max(sizeBytes, size) - fstatSync(file.fd).size, 0);
      }
      return undefined;
    });
  }

  setTimes(place: Place, accessedNs: bigint, modifiedNs: bigint): FileAnswer<undefined> {
    return this.#at(place, (spot) => {
      const before = spot.look();
      if (before === undefined) throw fault('noent');
      requirePlain(before);
      const fd = spot.open(O_RDONLY);
      try {
        futimesSync(fd, seconds(accessedNs, before.atimeNs), seconds(modifiedNs, before.mtimeNs));
      } finally {
        closeSync(fd);
      }
      return undefined;
    });
  }

  sync(handle: number): FileAnswer<undefined> {
    return this.#with(handle, ({ fd }) => {
      fsyncSync(fd);
      return undefined;
    });
  }

  close(handles: readonly number[]): void {
    for (const handle of handles) this.#open.close(handle);
  }

  used(space: string, scratch: Root | undefined): { bytes: number; entries: number } {
    return this.#roots.used(space, scratch);
  }

  removeScratch(root: Root): void {
    this.#roots.remove(root);
  }

  #with<T>(handle: number, use: (file: OpenFile) => T): FileAnswer<T> {
    return answered(() => use(this.#open.get(handle)));
  }

  #at<T>(place: Place, use: (spot: Spot, root: OpenRoot) => T): FileAnswer<T> {
    return answered(() => this.#through(place, use));
  }

  #through<T>(place: Place, use: (spot: Spot, root: OpenRoot) => T): T {
    const root = this.#roots.open(place.root);
    if (place.from !== undefined) {
      const { handle, path: before } = place.from;
      const { fd, root: its } = this.#open.get(handle);
      const path = its.where(fd);
      if (path?.join('/') !== before.join('/')) throw new FileFault({ outcome: 'moved', handle, path });
    }
    return at(root, place, (spot) => use(spot, root));
  }

  /** Undefined where it has come in the meantime. */
  #create(spot: Spot, place: Place, how: OpenHow, may: MayOpen): number | undefined {
    if (!how.create) throw fault('noent');
    if (place.isDirectory) throw fault('isdir');
    if (!may.create) throw new FileFault({ outcome: 'lacking', right: 'create' });
    try {
      return this.#adding(place, () => {
        try {
          return spot.open(modeOf(how) | O_CREAT | O_EXCL, place.root.scratch ? 0o600 : 0o666);
        } catch (error) {
          // It was made, and is known by a name that it must not have.
          if (error instanceof FileFault) unlinkSync(spot.path);
          throw error;
        }
      });
    } catch (error) {
      if (codeOf(error) === 'EEXIST' && !how.exclusive) return undefined;
      throw error;
    }
  }

  /** What makes one more of something. */
  #adding<T>(place: Place, make: () => T): T {
    const space = this.#roots.space(place);
    space.add(0, 1, place.space);
    try {
      return make();
    } catch (error) {
      space.release(0, 1);
      throw error;
    }
  }

  #remove(place: Place, remove: (spot: Spot, found: BigIntStats) => void): FileAnswer<undefined> {
    return this.#at(place, (spot) => {
      const found = spot.look();
      if (found === undefined) throw fault('noent');
      if (place.path.length === 0) throw fault('busy');
      remove(spot, found);
      this.#open.removed(found, this.#roots.space(place));
      return undefined;
    });
  }

  #renamed(from: Place, to: Place, source: Spot, target: Spot, mayReplace: boolean): undefined {
    const [found, there] = [source.look(), target.look()];
    if (found === undefined) throw fault('noent');
    if (from.path.length === 0 || to.path.length === 0) throw fault('busy');
    if (found.isSymbolicLink()) throw escaping('link', ERRNO.perm);
    if (!found.isFile() && !found.isDirectory()) throw escaping('special');
    if ((from.isDirectory || to.isDirectory) && !found.isDirectory()) throw fault('notdir');
    if (there !== undefined && !mayReplace) throw new FileFault({ outcome: 'lacking', right: 'write' });
    if (found.isDirectory() && to.root.scratch && to.path.length > from.path.length) requireRoom(source, to);
    renameSync(source.path, target.path);
    const same = there?.ino === found.ino && there.dev === found.dev;
    if (there !== undefined && !same) this.#open.removed(there, this.#roots.space(to));
    return undefined;
  }

  #statOf(found: BigIntStats): FileStat {
    return fileStat(found, this.#roots.device(found.dev));
  }
}

function answered<T>(work: () => T): FileAnswer<T> {
  try {
    return { outcome: 'done', value: work() };
  } catch (error) {
    return answerOf(error);
  }
}

function emptied({ fd, space }: Omit<OpenFile, 'inode'>): void {
  const { size } = fstatSync(fd);
  ftruncateSync(fd, 0);
  space.release(size, 0);
}

function seconds(wantedNs: bigint, beforeNs: bigint): number {
  if (wantedNs === TIME_NOW) return Date.now() / 1_000;
  return Number(wantedNs === KEEP_TIME ? beforeNs : wantedNs) / 1e9;
}
