/** What a plugin may do with files, by where the guest finds them. Pure functions. */

import { MAX_PATH_LENGTH, NOT_IN_PATHS, type Permission } from '../permissions.js';
import { stands } from '../protocol/defences.js';
import { covers, intersect } from './coverage.js';
import { type Parts, partsOf, permissionOf } from './permission-parts.js';
import { effective, type Sheet } from './permitted.js';

/** List, read and look at; change what is there, and remove it; make what is not there. */
export type FileKind = 'FileRead' | 'FileWrite' | 'FileCreate';

/** Paths are absolute, without a slash at their end. */
export interface FileRights {
  /** Of the path itself, whatever is denied below it. */
  at(kind: FileKind, path: string): boolean;
  /** The same, and counted as a use. */
  tried(kind: FileKind, path: string): boolean;
  /** Of the path and all below it. */
  whole(kind: FileKind, path: string): boolean;
  /** Of anything at or below the path. */
  some(kind: FileKind, path: string): boolean;
  /** Paths at which something is denied that holds above them. */
  readonly denied: readonly string[];
}

/** @param use told of what is tried: as the permission that the plugin asks for, where there is one */
export function fileRights(sheet: Sheet, use: (permission: Permission, permitted: boolean) => void): FileRights {
  const [asked, granted, denied] = [sheet.asked, sheet.granted, sheet.denied].map(fileParts) as [
    Parts[],
    Parts[],
    Parts[],
  ];
  const holding = fileParts(effective(sheet));
  const all = !stands('file-rights');
  const given = (wanted: Parts): boolean => [asked, granted].every((list) => list.some((each) => covers(each, wanted)));
  const at = (kind: FileKind, path: string): boolean => {
    const wanted = { kind, path };
    return all || (given(wanted) && !denied.some((each) => covers(each, wanted)));
  };
  return {
    at,
    tried(kind, path) {
      const permitted = at(kind, path);
      use(permissionOf(asked.find((each) => covers(each, { kind, path })) ?? told({ kind, path })), permitted);
      return permitted;
    },
    whole: (kind, path) =>
      all || (at(kind, path) && !denied.some((each) => intersect(each, { kind, path }) !== undefined)),
    some: (kind, path) => all || holding.some((each) => intersect(each, { kind, path }) !== undefined),
    denied: denied.map(({ path = '' }) => path),
  };
}

/** What all of them may do. */
export function commonFileRights(all: readonly FileRights[]): FileRights {
  const every = (test: (rights: FileRights) => boolean): boolean => all.every(test);
  return {
    at: (kind, path) => every((rights) => rights.at(kind, path)),
    tried: (kind, path) => every((rights) => rights.tried(kind, path)),
    whole: (kind, path) => every((rights) => rights.whole(kind, path)),
    some: (kind, path) => every((rights) => rights.some(kind, path)),
    denied: all.flatMap(({ denied }) => denied),
  };
}

/** As a permission can be written: where a name has what none may have, or the path is too long, the directory that it is in. */
function told({ kind, path = '/' }: Parts): Parts {
  const bad = path.search(NOT_IN_PATHS);
  const end = Math.min(bad < 0 ? path.length : bad, MAX_PATH_LENGTH);
  return { kind, path: end === path.length ? path : path.slice(0, path.lastIndexOf('/', end)) || '/' };
}

function fileParts(permissions: readonly Permission[]): Parts[] {
  return permissions.map(partsOf).filter(({ path }) => path !== undefined);
}
