import { readFile, stat } from 'node:fs/promises';
import { UsageError } from './fail.js';

/** What `hal9 plugin pack` wrote. */
export interface Packed {
  path: string;
  plugin: { id: string; name: string; version: string };
  sizeBytes: number;
  digest: string;
}

/** The bytes of a `.hal9` file; a directory or `.wasm` file is packed in memory. */
export async function readPackage(path: string): Promise<Uint8Array> {
  if ((await kindOf(path)) === 'file' && !path.endsWith('.wasm')) return readFile(path);
  const { packBytes } = await import('../package/pack.js');
  return (await packBytes(await sourceOf(path))).bytes;
}

/** Packs a directory or a `.wasm` file that carries its own metadata. */
export async function packagePlugin(path: string, out: string | undefined): Promise<Packed> {
  const { pack } = await import('../package/pack.js');
  const source = await sourceOf(path);
  const packed = await pack(out === undefined ? source : { ...source, out });
  const { id, name, version } = packed.manifest.metadata;
  return { path: packed.path, plugin: { id, name, version }, sizeBytes: packed.bytes.length, digest: packed.digest };
}

async function sourceOf(path: string): Promise<{ directory: string } | { wasmPath: string }> {
  if ((await kindOf(path)) === 'directory') return { directory: path };
  if (path.endsWith('.wasm')) return { wasmPath: path };
  throw new UsageError(`expected a directory or a .wasm file, found the file ${path}`);
}

async function kindOf(path: string): Promise<'file' | 'directory'> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file';
  } catch {
    throw new UsageError(`${path} does not exist, or cannot be read; name a .hal9 file or a development directory`);
  }
}
