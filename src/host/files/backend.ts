import type { FileKind, FileStat, OpenHow } from '../../protocol/files.js';
import type { Errno } from '../../protocol/preview1-errno.js';
import type { Crowded } from './open-handles.js';

/** What works on files. It answers at once: in the files thread, behind `ThreadFiles`. It knows of no permissions. */

/** A directory of the host that plugins see as one of theirs. */
export interface Root {
  /** Its name here; the same directory may be several roots. */
  readonly key: string;
  readonly directory: string;
  /** Of a plugin of its own: made when it is first used, for nobody else. */
  readonly scratch: boolean;
}

/** What a plugin may have, or add, before it is full. */
export interface SpaceOrder {
  readonly key: string;
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** Where something is. */
export interface Place {
  readonly root: Root;
  /** Components below the root; none for the root itself. Never empty, `.` or `..`. */
  readonly path: readonly string[];
  /** That the path ends in a slash: then only a directory is there. */
  readonly isDirectory: boolean;
  /** The open directory that the path began in, and where that was: where it has moved, nothing is done. */
  readonly from?: { readonly handle: number; readonly path: readonly string[] } | undefined;
  /** Paths in this root that are to be reached by their own spelling alone. */
  readonly apart: readonly (readonly string[])[];
  /** What is added here counts in this space. */
  readonly space: SpaceOrder;
}

/** Which of the three the plugin may do there. */
export interface MayOpen {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
}

/** What would lead somewhere else: a link, a way out of its root, what is no file, a second name, another spelling of what is denied. */
export type Escape = 'link' | 'outside' | 'special' | 'hard-link' | 'other-spelling';

export type FileAnswer<T> =
  | { outcome: 'done'; value: T }
  | { outcome: 'failed'; errno: Errno }
  | { outcome: 'escaping'; errno: Errno; by: Escape }
  /** The directory that a path began in is elsewhere in its root, by now; undefined where it is not there at all. */
  | { outcome: 'moved'; handle: number; path: string[] | undefined }
  /** It would take what the plugin may not do. */
  | { outcome: 'lacking'; right: keyof MayOpen }
  /** As many as may be open. */
  | ({ outcome: 'crowded' } & Crowded)
  | { outcome: 'full'; of: 'bytes' | 'entries'; used: number; max: number };

export interface OpenedFile {
  kind: FileKind;
  /** It was not there before. */
  created: boolean;
}

export interface Written {
  written: number;
  end: number;
}

export interface FileBackend {
  /** @param handle its number from now on, which is another one for each */
  open(handle: number, place: Place, how: OpenHow, may: MayOpen): FileAnswer<OpenedFile>;
  /** Where in its root it is now; undefined where it is not there at all. */
  where(handle: number): FileAnswer<string[] | undefined>;
  read(handle: number, offset: number, maxBytes: number): FileAnswer<Uint8Array>;
  /** @param offset undefined for the end. Answers how many were written, and where the next ones come. */
  write(handle: number, offset: number | undefined, bytes: Uint8Array): FileAnswer<Written>;
  stat(handle: number): FileAnswer<FileStat>;
  statAt(place: Place): FileAnswer<FileStat>;
  /** See `packEntries`. */
  list(place: Place): FileAnswer<Uint8Array>;
  makeDirectory(place: Place): FileAnswer<undefined>;
  removeDirectory(place: Place): FileAnswer<undefined>;
  unlink(place: Place): FileAnswer<undefined>;
  /** @param mayReplace what is there already */
  rename(from: Place, to: Place, mayReplace: boolean): FileAnswer<undefined>;
  /** @param onlyGrow a smaller size changes nothing */
  resize(handle: number, sizeBytes: number, onlyGrow: boolean): FileAnswer<undefined>;
  /** Nanoseconds since the epoch, or as `KEEP_TIME` and `TIME_NOW` say. */
  setTimes(place: Place, accessedNs: bigint, modifiedNs: bigint): FileAnswer<undefined>;
  sync(handle: number): FileAnswer<undefined>;
  close(handles: readonly number[]): void;
  /** What is counted in a space, without making anything. @param scratch its root, where it is a scratch directory */
  used(space: string, scratch: Root | undefined): { bytes: number; entries: number };
  /** Removes a scratch directory with all that it holds. @throws what the system says */
  removeScratch(root: Root): void;
}

export type FileMethod = keyof FileBackend;

/** The same from the main thread, which does not wait. */
export type FileStore = {
  readonly [Method in FileMethod]: (
    ...given: Parameters<FileBackend[Method]>
  ) => Promise<ReturnType<FileBackend[Method]>>;
} & {
  /** The same store, where `spent` is told how long it worked for each request, in microseconds. */
  chargedTo(spent: (us: number) => void): FileStore;
};
