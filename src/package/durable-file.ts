/** Files that are there whole or not at all, whatever moment the machine stops at. */

import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { passed } from './crash-steps.js';

export interface WriteOptions {
  /** Where the file is written aside: a directory of the same file system. */
  readonly asideDirectory: string;
  /** Whether to wait until the disk has it; not for what can be made again. */
  readonly durable: boolean;
}

/** Writes a file aside and renames it into place, readable by its owner alone. */
export async function writeWhole(path: string, bytes: Uint8Array | string, options: WriteOptions): Promise<void> {
  const aside = join(options.asideDirectory, randomBytes(12).toString('hex'));
  try {
    const file = await open(aside, 'wx', 0o600);
    passed('aside-created', path);
    try {
      await file.writeFile(bytes);
      passed('aside-written', path);
      if (options.durable) {
        await file.sync();
        passed('aside-synced', path);
      }
    } finally {
      await file.close();
    }
    await rename(aside, path);
    passed('renamed', path);
  } catch (error) {
    await rm(aside, { force: true });
    // The caller knows the file, and nothing of the one aside.
    if (error instanceof Error && 'path' in error && error.path === aside) error.path = path;
    throw error;
  }
  if (options.durable) await syncDirectory(dirname(path));
}

/** Waits until the disk has what was created, renamed or removed in a directory. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
    passed('directory-synced', path);
  } finally {
    await directory.close();
  }
}

/** The code of an error of the operating system, such as ENOENT; empty for others. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
