import { closeSync, constants, lstatSync, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { DESCRIPTORS } from './open-root.js';

/** What is below an open directory. By descriptors, since names of a plugin may add up to more than a path may have. */

/** Files with their sizes, and directories. */
export function countTree(fd: number): { bytes: number; entries: number } {
  let [bytes, entries] = [0, 0];
  for (const { path, isDirectory } of entriesOf(fd)) {
    const below = isDirectory ? inside(path, countTree) : { bytes: lstatSync(path).size, entries: 0 };
    bytes += below.bytes;
    entries += below.entries + 1;
  }
  return { bytes, entries };
}

/** How many levels there are below. */
export function heightOf(fd: number): number {
  return entriesOf(fd).reduce((most, { path, isDirectory }) => {
    return Math.max(most, 1 + (isDirectory ? inside(path, heightOf) : 0));
  }, 0);
}

/** Empties it. */
export function clearTree(fd: number): void {
  for (const { path, isDirectory } of entriesOf(fd)) {
    if (!isDirectory) unlinkSync(path);
    else {
      inside(path, clearTree);
      rmdirSync(path);
    }
  }
}

function entriesOf(fd: number): { path: string; isDirectory: boolean }[] {
  return readdirSync(`${DESCRIPTORS}/${fd}/.`, { withFileTypes: true }).map((entry) => {
    return { path: `${DESCRIPTORS}/${fd}/${entry.name}`, isDirectory: entry.isDirectory() };
  });
}

function inside<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
