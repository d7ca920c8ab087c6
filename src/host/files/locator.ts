import { FILE_LIMITS } from '../../limits/files.js';
import type { PluginLimits } from '../../limits/plugin-limits.js';
import { countOf, type HostAnswer, type HostRefusal } from '../../protocol/host-calls.js';
import { ERRNO, type Errno } from '../../protocol/preview1-errno.js';
import type { FileKind } from '../../sandbox/file-rights.js';
import type { Passing } from '../gate.js';
import type { Rights } from '../service.js';
import { deniedFile, done, escapingFile, failedWith, full, tooManyOpen } from './answers.js';
import type { FileAnswer, FileStore, MayOpen, Place, Root } from './backend.js';
import { below, guestPath, joined } from './guest-path.js';
import type { Handle, OpenHandles } from './open-handles.js';
import type { Found, PluginRoots } from './plugin-roots.js';

/** How a guest names a place: from an open directory, or from one that it found open. */
export interface Where {
  readonly handle: number;
  readonly base: Uint8Array;
  readonly relative: Uint8Array;
}

/** Where that is, as far as is known here. */
export interface Located {
  /** For the guest. */
  readonly path: string;
  readonly isDirectory: boolean;
  readonly from: Handle | undefined;
  /** Undefined where no root is mapped. */
  readonly found: Found | undefined;
}

interface LocatorParts {
  store: FileStore | undefined;
  roots: PluginRoots;
  handles: OpenHandles;
  limits: Pick<PluginLimits, 'quotas'>;
}

/** What is missing for it, and at which path. Counts what it asks for as tried. */
export type Check = (located: readonly Located[], rights: Rights) => [FileKind, string] | undefined;

export type Work<T> = (places: readonly Place[], rights: Rights) => Promise<FileAnswer<T>>;

/** Where something was done. */
interface Done {
  root: Root;
  path: string;
  /** All that was named for it. */
  named?: string;
}

const utf8 = new TextDecoder();

const RIGHTS: Readonly<Record<keyof MayOpen, FileKind>> = {
  read: 'FileRead',
  write: 'FileWrite',
  create: 'FileCreate',
};

export function whereOf([handle, base, relative]: readonly Uint8Array[]): Where {
  if (base === undefined || relative === undefined) throw new TypeError('a place came without its fields');
  return { handle: countOf(handle) ?? 0, base, relative };
}

/** The right that is needed for everything that is named. */
export function needing(kind: FileKind): Check {
  return (located, { files }) => {
    const refused = located.find(({ path }) => !files.tried(kind, path));
    return refused && [kind, refused.path];
  };
}

/**
 * Finds what guests name, checks the rights to it, and has the work done there. A directory that a guest has open counts with
 * its present place: where somebody has moved it, it is looked for, and checked, anew.
 */
export class Locator {
  readonly #limits: Pick<PluginLimits, 'quotas'>;
  readonly #store: FileStore | undefined;
  readonly #roots: PluginRoots;
  readonly #handles: OpenHandles;

  constructor({ store, roots, handles, limits }: LocatorParts) {
    this.#limits = limits;
    this.#store = store;
    this.#roots = roots;
    this.#handles = handles;
  }

  at<T>(
    wheres: readonly Where[],
    { rights, signal }: Passing,
    check: Check,
    work: Work<T>,
    fields: (value: T, rights: Rights) => Uint8Array[],
  ): ((passing: Passing) => Promise<HostAnswer>) | HostAnswer {
    const first = this.#check(wheres, signal, rights, check);
    // What is known of a directory that is open may be out of date: its present place counts.
    const handles = wheres.flatMap(({ handle }) => handle || []);
    if ('ok' in first && handles.length === 0) return first;
    return async () => {
      let checked = first;
      for (let moves = 0; moves <= FILE_LIMITS.maxMoves; moves++) {
        if ('ok' in checked) {
          if (!(await this.#refresh(handles, signal))) return checked;
        } else {
          const { located } = checked;
          const answer = await work(
            located.map((each) => placeOf(each, rights, this.#limits)),
            rights,
          );
          if (answer.outcome !== 'moved')
            return this.answer(answer, (value) => fields(value, rights), last(located), rights);
          const moved = this.#handles.get(signal, answer.handle);
          if (moved !== undefined) moved.path = answer.path;
        }
        checked = this.#check(wheres, signal, rights, check);
      }
      return failedWith(ERRNO.noent);
    };
  }

  /**
   * What is open was opened with the rights of that moment, and stays open, as on any system. Who works for others by now is held
   * to theirs as well, for where it is, or was seen last.
   */
  async lackingFor({ rights, call }: Passing, kind: FileKind, handle: Handle): Promise<HostRefusal | undefined> {
    if ((call?.path?.waiting.length ?? 0) === 0 || call?.path === handle.openedFor) return undefined;
    const answer = await this.#store?.where(handle.number);
    if (answer?.outcome === 'done' && answer.value !== undefined) handle.path = answer.value;
    const path = joined(handle.at, handle.path ?? []);
    return rights.files.tried(kind, path) ? undefined : deniedFile(kind, path);
  }

  /** Looks where open directories are. Answers whether one of them is elsewhere than was thought. */
  async #refresh(handles: readonly number[], signal: AbortSignal): Promise<boolean> {
    let changed = false;
    for (const number of handles) {
      const handle = this.#handles.get(signal, number);
      if (handle === undefined) continue;
      const answer = await this.#store?.where(number);
      const path = answer?.outcome === 'done' ? answer.value : undefined;
      changed ||= path?.join('/') !== handle.path?.join('/');
      handle.path = path;
    }
    return changed;
  }

  /** @param of where it was done, for the words of a refusal */
  answer<T>(answer: FileAnswer<T>, fields: (value: T) => Uint8Array[], of: Done, rights?: Rights): HostAnswer {
    switch (answer.outcome) {
      case 'done':
        return done(fields(answer.value));
      case 'failed':
        return failedWith(answer.errno);
      case 'escaping':
        return escapingFile(answer.by, answer.errno, of.named ?? of.path);
      case 'crowded':
        return tooManyOpen(answer);
      case 'full':
        return full(answer, of.root.scratch);
      case 'lacking':
        rights?.files.tried(RIGHTS[answer.right], of.path);
        return deniedFile(RIGHTS[answer.right], of.path);
      case 'moved':
        return failedWith(ERRNO.noent);
    }
  }

  #check(
    wheres: readonly Where[],
    signal: AbortSignal,
    rights: Rights,
    check: Check,
  ): { located: (Located & { found: Found })[] } | HostAnswer | HostRefusal {
    const located: Located[] = [];
    for (const where of wheres) {
      const found = this.#locate(where, signal);
      // The only way to it is one that leads out.
      if (found === ERRNO.perm) return escapingFile('outside', found, this.#asNamed(where, signal));
      if (typeof found === 'number') return failedWith(found);
      located.push(found);
    }
    const lacking = check(located, rights);
    if (lacking !== undefined) return deniedFile(...lacking);
    const there = located.filter((each): each is Located & { found: Found } => each.found !== undefined);
    if (there.length < located.length) return failedWith(ERRNO.noent);
    const isDeep = there.some(({ found }) => found.path.length > FILE_LIMITS.maxDepth);
    return isDeep ? failedWith(ERRNO.nametoolong) : { located: there };
  }

  #locate({ handle, base, relative }: Where, signal: AbortSignal): Located | Errno {
    const from = handle === 0 ? undefined : this.#handles.get(signal, handle);
    if (from === undefined && handle !== 0) return ERRNO.badf;
    if (from !== undefined && from.path === undefined) return ERRNO.noent;
    const start = from?.path === undefined ? guestPath('/', base.subarray(1)) : { path: joined(from.at, from.path) };
    if (typeof start === 'number') return start;
    const meant = guestPath(start.path, relative);
    return typeof meant === 'number' ? meant : { ...meant, from, found: this.#roots.find(meant.path) };
  }

  /** As the guest has put it. */
  #asNamed({ handle, base, relative }: Where, signal: AbortSignal): string {
    const from = this.#handles.get(signal, handle);
    const start = from === undefined ? utf8.decode(base) : joined(from.at, from.path ?? []);
    const way = utf8.decode(relative);
    return way.startsWith('/') ? way : `${start}/${way}`;
  }
}

function placeOf(
  { path, isDirectory, from, found }: Located & { found: Found },
  { files }: Rights,
  { quotas }: Pick<PluginLimits, 'quotas'>,
): Place {
  const { root, at } = found;
  const space = root.scratch
    ? { key: found.space, maxBytes: quotas['scratch bytes'], maxEntries: quotas['scratch entries'] }
    : { key: found.space, maxBytes: quotas['added file bytes'], maxEntries: quotas['added file entries'] };
  const apart = files.denied.flatMap((denied) => {
    const components = below(at, denied);
    return components === undefined || components.length === 0 || denied === path ? [] : [components];
  });
  const began = from?.path && { handle: from.number, path: from.path };
  return { root, path: found.path, isDirectory, from: began, apart, space };
}

function last(located: readonly (Located & { found: Found })[]): Done {
  const { found, path } = located.at(-1) as Located & { found: Found };
  return { root: found.root, path, named: located.map((each) => each.path).join(' to ') };
}
