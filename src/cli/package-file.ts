import { readFile, stat } from 'node:fs/promises';
import { HostError } from '../errors.js';
import { PACKAGE_LIMITS } from '../limits.js';
import { UsageError } from './fail.js';

/** What `hal9 plugin pack` wrote. */
export interface Packed {
  path: string;
  plugin: { id: string; name: string; version: string };
  sizeBytes: number;
  digest: string;
}

/** What to pack beside the path itself. */
export interface PackOptions {
  out?: string | undefined;
  /** The module, where it is not in the directory. */
  wasm?: string | undefined;
  /** A manifest written by hand, where it is not in the directory. */
  manifest?: string | undefined;
}

/** The bytes of a `.hal9` file; a directory or `.wasm` file is packed in memory. */
export async function readPackage(path: string): Promise<Uint8Array> {
  const { isFile } = await statOf(path);
  if (isFile && !path.endsWith('.wasm')) return readPackageFile(path);
  const { packBytes } = await import('../package/pack.js');
  return (await packBytes(isFile ? { wasmPath: path } : { directory: path })).bytes;
}

/** The bytes of a `.hal9` file, and of nothing else. */
export async function readPackageFile(path: string): Promise<Uint8Array> {
  const { isFile, size } = await statOf(path);
  if (!isFile || path.endsWith('.wasm'))
    throw new UsageError(`${path}: expected a .hal9 file; write one with: hal9 plugin pack ${path}`);
  if (size > PACKAGE_LIMITS.maxFileBytes) {
    const message = `${path}: a package may have ${PACKAGE_LIMITS.maxFileBytes} bytes, this file has ${size}`;
    throw new HostError('PACKAGE_TOO_LARGE', message);
  }
  return readFile(path);
}

/** Packs a directory, or a `.wasm` file that carries its own metadata, into a file. */
export async function writePackage(path: string, options: PackOptions): Promise<Packed> {
  const { isFile } = await statOf(path);
  if (isFile && !path.endsWith('.wasm')) throw new UsageError(`expected a directory or a .wasm file, found ${path}`);
  const { pack } = await import('../package/pack.js');
  const packed = await pack({
    ...(isFile ? { wasmPath: path } : { directory: path }),
    ...(options.wasm === undefined ? {} : { wasmPath: options.wasm }),
    ...(options.manifest === undefined ? {} : { manifestPath: options.manifest }),
    ...(options.out === undefined ? {} : { out: options.out }),
  });
  const { id, name, version } = packed.manifest.metadata;
  return { path: packed.path, plugin: { id, name, version }, sizeBytes: packed.bytes.length, digest: packed.digest };
}

async function statOf(path: string): Promise<{ isFile: boolean; size: number }> {
  try {
    const found = await stat(path);
    return { isFile: !found.isDirectory(), size: found.size };
  } catch {
    throw new UsageError(`${path} does not exist, or cannot be read; name a .hal9 file or a development directory`);
  }
}
