/**
 * Paths inside a package: relative, with `/`, of plain components. The same rules hold for ZIP entries, for a development
 * directory and for what the manifest names, so that no spelling reaches outside the package or means two files.
 */

import { PACKAGE_LIMITS } from '../limits.js';
import { stands } from '../protocol/defences.js';

/** Controls, and characters that look like nothing or turn the line around. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Why this path may not stand in a package, or undefined when it may.
 * @param path without the final `/` of a directory
 */
export function pathFault(path: string): string | undefined {
  if (!stands('package-paths')) return undefined;
  if (path === '') return 'is empty';
  if (Buffer.byteLength(path) > PACKAGE_LIMITS.maxPathBytes)
    return `is longer than ${PACKAGE_LIMITS.maxPathBytes} bytes`;
  if (path.includes('\0')) return 'has a NUL in it';
  if (path.includes('\\')) return 'has a backslash in it; expected / between components';
  if (path.startsWith('/')) return 'is absolute; expected a path relative to the root of the package';
  if (/^[A-Za-z]:/.test(path)) return 'begins with a drive; expected a path relative to the root of the package';
  if (INVISIBLE.test(path)) return 'has a control or invisible character in it';
  for (const component of path.split('/')) {
    if (component === '') return 'has an empty component';
    if (component === '.' || component === '..') return `has the component ${component}`;
    if (/[. ]$/.test(component)) return 'has a component that ends in a dot or a space, which some systems drop';
  }
  return undefined;
}

/** Paths with the same key are the same file on a system that ignores case or composes characters. */
export function collisionKey(path: string): string {
  return path.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** A path, or other text of a package, for a message: quoted, escaped, of bounded length. */
export function quote(text: string, maxCharacters = 80): string {
  const short = text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
  return JSON.stringify(short.replace(/\p{Cf}/gu, '\u{fffd}'));
}
