import { FILE_LIMITS } from '../../limits/files.js';
import { FILE_KINDS, type OpenHow } from '../../protocol/files.js';
import { countField, type HostAnswer } from '../../protocol/host-calls.js';
import { ERRNO } from '../../protocol/preview1-errno.js';
import type { FileKind, FileRights } from '../../sandbox/file-rights.js';
import type { Passing } from '../gate.js';
import { failedWith } from './answers.js';
import type { FileStore, MayOpen, OpenedFile, Place } from './backend.js';
import type { Check, Located, Locator, Where } from './locator.js';
import type { OpenHandles } from './open-handles.js';

interface Parts {
  store: FileStore;
  how: OpenHow;
  where: Where;
  handles: OpenHandles;
  locator: Locator;
}

/**
 * `files.open`. What it takes depends on whether something is there already, where it may be made: that is found out by whoever
 * opens it, who is told what the plugin may do with either.
 */
export function askedOpen(
  { store, how, where, handles, locator }: Parts,
  passing: Passing,
): ((passing: Passing) => Promise<HostAnswer>) | HostAnswer {
  const { signal } = passing;
  // Linux knows no such thing either.
  if (how.create && how.directory) return failedWith(ERRNO.inval);
  const writes = how.write || how.truncate;
  const wanted: FileKind[] = [
    ...(writes ? (['FileWrite'] as const) : []),
    ...(how.read || !writes ? (['FileRead'] as const) : []),
  ];
  let opened: { path: string; root: Located['found'] } = { path: '', root: undefined };
  const check: Check = ([located], { files }) => {
    if (located === undefined) return undefined;
    opened = { path: located.path, root: located.found };
    return how.create ? lackingToCreate(located.path, how, wanted, files) : lackingOf(wanted, located.path, files);
  };
  const open = async ([place]: readonly Place[]) => {
    if (place === undefined || opened.root === undefined) throw new TypeError('there is nothing to open');
    if (how.crowded) return { outcome: 'crowded', limit: 'file-handles', max: FILE_LIMITS.maxInstanceHandles } as const;
    const { files } = passing.rights;
    const openedFor = passing.call?.path;
    const { at } = opened.root;
    const handle = handles.add(signal, { root: place.root, at, path: place.path, isWritable: writes, openedFor });
    if ('limit' in handle) return { outcome: 'crowded', ...handle } as const;
    const answer = await store.open(handle.number, place, how, mayOpen(opened.path, files));
    if (answer.outcome !== 'done') {
      handles.remove(signal, handle.number);
      return answer;
    }
    if (how.create && files.at('FileCreate', opened.path))
      for (const kind of answer.value.created ? (['FileCreate'] as const) : wanted) files.tried(kind, opened.path);
    return { outcome: 'done', value: { ...answer.value, number: handle.number } } as const;
  };
  return locator.at([where], passing, check, open, fieldsOf);
}

function fieldsOf({ number, kind }: OpenedFile & { number: number }): Uint8Array[] {
  return [countField(number), countField(FILE_KINDS[kind])];
}

function mayOpen(path: string, files: FileRights): MayOpen {
  return {
    read: files.at('FileRead', path),
    write: files.at('FileWrite', path),
    create: files.at('FileCreate', path),
  };
}

/** Where neither what is there could be opened nor anything made, nothing is looked for. */
function lackingToCreate(
  path: string,
  how: OpenHow,
  wanted: readonly FileKind[],
  files: FileRights,
): [FileKind, string] | undefined {
  if (files.at('FileCreate', path)) return undefined;
  return how.exclusive ? lackingOf(['FileCreate'], path, files) : lackingOf(wanted, path, files);
}

function lackingOf(kinds: readonly FileKind[], path: string, files: FileRights): [FileKind, string] | undefined {
  const kind = kinds.find((each) => !files.tried(each, path));
  return kind && [kind, path];
}
