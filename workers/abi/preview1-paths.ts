import type { FileNode } from './file-node.js';
import type { GuestCore } from './guest-core.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';

/** POSIX's PATH_MAX, as on Linux. */
const MAX_PATH_BYTES = 4_096;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a path in the guest's memory leads to from a directory, or the number of the error. */
export function resolve(guest: GuestCore, from: FileNode, pointer: number, length: number): FileNode | number {
  const size = length >>> 0;
  if (size > MAX_PATH_BYTES) return ERRNO.nametoolong;
  const start = guest.area(pointer, size, 1);
  guest.crossed(size);
  let path: string;
  try {
    path = utf8.decode(guest.u8.slice(start, start + size));
  } catch {
    return ERRNO.ilseq;
  }
  return walk(from, path);
}

/**
 * Component by component, each of which has to be there: `missing/../file` leads nowhere. `..` leads back as far as the
 * directory that the walk began in. There are no symbolic links, and none can be made.
 */
function walk(from: FileNode, path: string): FileNode | number {
  if (path === '') return ERRNO.noent;
  if (path.startsWith('/')) return ERRNO.perm;
  const way: FileNode[] = [];
  let here = from;
  for (const component of path.split('/')) {
    if (here.stat().kind !== 'directory') return ERRNO.notdir;
    if (component === '' || component === '.') continue;
    if (component === '..') {
      const back = way.pop();
      if (back === undefined) return ERRNO.perm;
      here = back;
      continue;
    }
    const next = here.open(component);
    if (next === undefined) return ERRNO.noent;
    way.push(here);
    here = next;
  }
  return here;
}
