import { FILE_LIMITS } from '../../limits/files.js';
import { ERRNO, type Errno } from '../../protocol/preview1-errno.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface GuestPath {
  /** Absolute, without a slash at its end; `/` alone is the guest's whole world. */
  readonly path: string;
  /** It ended in a slash, or in a dot: only a directory can be meant. */
  readonly isDirectory: boolean;
}

/**
 * Where a path leads from a directory of the guest's. Nothing is followed on the way, so that `x/..` is where it began, whether or
 * not there is an `x`: what need not be there need not be looked at.
 *
 * @param base absolute, as `GuestPath` has it
 * @returns an error number where that is above the directory, or nowhere
 */
export function guestPath(base: string, relative: Uint8Array): GuestPath | Errno {
  if (relative.length > FILE_LIMITS.maxPathBytes) return ERRNO.nametoolong;
  let text: string;
  try {
    text = utf8.decode(relative);
  } catch {
    return ERRNO.ilseq;
  }
  if (text.includes('\0')) return ERRNO.inval;
  if (text.startsWith('/')) return ERRNO.perm;
  const way: string[] = [];
  for (const component of text.split('/')) {
    if (component === '' || component === '.') continue;
    if (component !== '..') way.push(component);
    else if (way.pop() === undefined) return ERRNO.perm;
  }
  if (way.some((component) => Buffer.byteLength(component) > FILE_LIMITS.maxNameBytes)) return ERRNO.nametoolong;
  const path = joined(base, way);
  if (Buffer.byteLength(path) > FILE_LIMITS.maxPathBytes) return ERRNO.nametoolong;
  return { path, isDirectory: /(^|\/)\.{0,2}$/.test(text) && text !== '' };
}

export function joined(base: string, way: readonly string[]): string {
  if (way.length === 0) return base;
  return `${base === '/' ? '' : base}/${way.join('/')}`;
}

/** The components of a path below another one; undefined where it is not. */
export function below(base: string, path: string): string[] | undefined {
  if (path === base) return [];
  const before = base === '/' ? base : `${base}/`;
  return path.startsWith(before) ? path.slice(before.length).split('/') : undefined;
}
