import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { FileFault } from '../abi/file-node.js';
import type { Asset } from './asset-files.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * What a path leads to. Component by component, each of which has to be there: `missing/../file` leads nowhere. `..` leads back as far
 * as the directory that the walk began in. There are no symbolic links, and none can be made.
 *
 * @param missing the error number where nothing is there
 */
export function walk(from: Asset, bytes: Uint8Array, missing: number): Asset {
  const path = decoded(bytes);
  if (path.startsWith('/')) throw new FileFault(ERRNO.perm);
  const way: Asset[] = [];
  let here = from;
  for (const component of path.split('/')) {
    if (here.kind !== 'directory') throw new FileFault(ERRNO.notdir);
    if (component === '' || component === '.') continue;
    if (component === '..') {
      const back = way.pop();
      if (back === undefined) throw new FileFault(ERRNO.perm);
      here = back;
      continue;
    }
    const next = here.find(component);
    if (next === undefined) throw new FileFault(missing);
    way.push(here);
    here = next;
  }
  return here;
}

function decoded(path: Uint8Array): string {
  try {
    return utf8.decode(path);
  } catch {
    throw new FileFault(ERRNO.ilseq);
  }
}
