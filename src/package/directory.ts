/**
 * Reads a development directory: the same package, not packed. Only `manifest.json` and what it names is read; so whatever else
 * lies there (target/, node_modules/, .git) does not matter.
 */

import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../errors.js';
import { MODULE_LIMITS, PACKAGE_LIMITS } from '../limits.js';
import { stands } from '../protocol/defences.js';
import { assemble, MANIFEST_PATH, namedFiles, type PackageContents, SizeBudget, tooLarge } from './contents.js';
import { parseManifest } from './manifest.js';
import { collisionKey, pathFault, quote } from './paths.js';

/**
 * Reads a package from a directory.
 * @param directory given by the operator; it may itself be reached through symbolic links
 * @throws HostError PACKAGE_INVALID, PACKAGE_TOO_LARGE, MANIFEST_INVALID, MODULE_LIMIT; no message holds the directory's own path
 */
export async function readDirectory(directory: string): Promise<PackageContents> {
  const root = await resolveRoot(directory);
  const budget = new SizeBudget();
  const manifestBytes = await readInside(root, MANIFEST_PATH, PACKAGE_LIMITS.maxManifestBytes, budget);
  const manifest = parseManifest(manifestBytes);
  const files = new Map<string, Uint8Array>([[MANIFEST_PATH, manifestBytes]]);
  const spellings = new Map<string, string>([[collisionKey(MANIFEST_PATH), MANIFEST_PATH]]);
  for (const [field, path] of namedFiles(manifest)) {
    const other = spellings.get(collisionKey(path));
    if (other !== undefined && other !== path) {
      throw new HostError(
        'PACKAGE_INVALID',
        `${field}: ${quote(path)} collides with ${quote(other)}: only case or composition tells them apart`,
      );
    }
    spellings.set(collisionKey(path), path);
    if (files.has(path)) continue;
    if (files.size >= PACKAGE_LIMITS.maxEntries)
      throw tooLarge('the package', files.size + 1, PACKAGE_LIMITS.maxEntries, 'files');
    const limit = field === 'files.wasm' ? MODULE_LIMITS.maxModuleBytes : PACKAGE_LIMITS.maxEntryBytes;
    files.set(path, await readInside(root, path, limit, budget));
  }
  return assemble(files);
}

export async function resolveRoot(directory: string): Promise<string> {
  try {
    const root = await realpath(directory);
    if ((await lstat(root)).isDirectory()) return root;
  } catch (error) {
    throw new HostError('PACKAGE_INVALID', 'expected a directory with a manifest.json, found none', { cause: error });
  }
  throw new HostError('PACKAGE_INVALID', 'expected a directory with a manifest.json, found another kind of file');
}

/** Reads a file through real directories alone: no component may be a symbolic link. */
export async function readInside(
  root: string,
  path: string,
  limitBytes: number,
  budget: SizeBudget,
): Promise<Uint8Array> {
  const fault = pathFault(path);
  if (fault !== undefined) throw new HostError('PACKAGE_INVALID', `the path ${quote(path)} ${fault}`);
  const absolute = join(root, path);
  let file: FileHandle;
  try {
    const noLink = stands('package-links') ? constants.O_NOFOLLOW : 0;
    file = await open(absolute, constants.O_RDONLY | noLink | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ELOOP') throw linked(path);
    throw new HostError('PACKAGE_INVALID', `the directory has no readable file ${quote(path)}`, { cause: error });
  }
  try {
    // The name is resolved after the file was opened: whatever was opened, a path that leads through a link is refused.
    if ((await realpath(absolute)) !== absolute && stands('package-links')) throw linked(path);
    return await readWhole(file, path, limitBytes, budget);
  } finally {
    await file.close();
  }
}

async function readWhole(file: FileHandle, path: string, limitBytes: number, budget: SizeBudget): Promise<Uint8Array> {
  const stats = await file.stat();
  if (!stats.isFile()) throw new HostError('PACKAGE_INVALID', `${quote(path)} is not a regular file`);
  if (stats.size > limitBytes) throw tooLarge(quote(path), stats.size, limitBytes, 'bytes');
  budget.take(quote(path), stats.size);
  const bytes = new Uint8Array(stats.size);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length !== bytes.length)
    throw new HostError('PACKAGE_INVALID', `${quote(path)} was cut short while it was read; try again`);
  return bytes;
}

function linked(path: string): HostError {
  return new HostError(
    'PACKAGE_INVALID',
    `${quote(path)} is, or lies behind, a symbolic link; expected a file inside the directory`,
  );
}
