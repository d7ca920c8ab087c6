import { type BigIntStats, closeSync, constants } from 'node:fs';
import { FILE_LIMITS } from '../../limits/files.js';
import type { OpenHow } from '../../protocol/files.js';
import type { MayOpen, Place } from './backend.js';
import { codeOf, FileFault, fault } from './file-fault.js';
import { heightOf } from './tree.js';
import { requirePlain, type Spot } from './walk.js';

const { O_RDONLY, O_WRONLY, O_RDWR, O_DIRECTORY } = constants;

/** Undefined where it has gone in the meantime. */
export function openFound(spot: Spot, found: BigIntStats, how: OpenHow, may: MayOpen): number | undefined {
  if (how.create && how.exclusive) throw fault('exist');
  requirePlain(found);
  const writes = how.write || how.truncate;
  if (found.isDirectory() && (writes || how.create)) throw fault('isdir');
  if (how.directory && !found.isDirectory()) throw fault('notdir');
  if (writes && !may.write) throw new FileFault({ outcome: 'lacking', right: 'write' });
  if ((how.read || !writes) && !may.read) throw new FileFault({ outcome: 'lacking', right: 'read' });
  try {
    return spot.open(modeOf(how) | (how.directory ? O_DIRECTORY : 0));
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && how.create) return undefined;
    throw error;
  }
}

/** A directory that is moved down must not come to have more below it than can be reached. */
export function requireRoom(source: Spot, to: Place): void {
  const fd = source.open(O_RDONLY | O_DIRECTORY);
  try {
    if (to.path.length + heightOf(fd) > FILE_LIMITS.maxDepth) throw fault('nametoolong');
  } finally {
    closeSync(fd);
  }
}

export function modeOf({ read, write, truncate }: OpenHow): number {
  if (!write && !truncate) return O_RDONLY;
  return read ? O_RDWR : O_WRONLY;
}
