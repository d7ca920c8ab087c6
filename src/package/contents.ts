/** What a package is once it has been read, whatever it was read from. */

import { createHash, webcrypto } from 'node:crypto';
import { HostError } from '../errors.js';
import { MODULE_LIMITS, PACKAGE_LIMITS } from '../limits.js';
import { type Manifest, parseManifest } from './manifest.js';
import { quote } from './paths.js';

export const MANIFEST_PATH = 'manifest.json';

/** A sha256 in hex: the only names that files of the store have. */
export const HEX_DIGEST = /^[0-9a-f]{64}$/;

export interface PackageContents {
  readonly manifest: Manifest;
  /** The module that `files.wasm` names. */
  readonly wasm: Uint8Array;
  /** sha256 of `wasm`, in hex. */
  readonly wasmDigest: string;
  /** Every file, the manifest and the module included, by its path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Identifies the package by its contents: see `digestOf`. */
  readonly digest: string;
}

/**
 * Puts a package together from its files.
 * @throws HostError PACKAGE_INVALID where the manifest, or a file that it names, is missing; MANIFEST_INVALID; MODULE_LIMIT
 */
export async function assemble(files: ReadonlyMap<string, Uint8Array>): Promise<PackageContents> {
  const manifestBytes = files.get(MANIFEST_PATH);
  if (manifestBytes === undefined) throw withoutManifest(files);
  const manifest = parseManifest(manifestBytes);
  for (const [field, path] of namedFiles(manifest)) {
    if (!files.has(path)) {
      throw new HostError('PACKAGE_INVALID', `${field}: the package has no file ${quote(path)}`);
    }
  }
  const wasm = files.get(manifest.files.wasm) as Uint8Array;
  if (wasm.length > MODULE_LIMITS.maxModuleBytes) {
    throw new HostError(
      'MODULE_LIMIT',
      `files.wasm: expected at most ${MODULE_LIMITS.maxModuleBytes} bytes, found ${wasm.length}`,
    );
  }
  checkAssets(manifest, files);
  return { manifest, wasm, wasmDigest: await sha256(wasm), files, digest: await digestOf(files) };
}

function withoutManifest(files: ReadonlyMap<string, Uint8Array>): HostError {
  const deeper = [...files.keys()].find((path) => path.endsWith(`/${MANIFEST_PATH}`));
  const hint = deeper === undefined ? 'none' : `${quote(deeper)}: pack what is inside the directory, not the directory`;
  return new HostError('PACKAGE_INVALID', `expected ${MANIFEST_PATH} at the root of the package, found ${hint}`);
}

/** A file that is two assets counts once: it is in memory once. */
function checkAssets(manifest: Manifest, files: ReadonlyMap<string, Uint8Array>): void {
  let bytes = 0;
  for (const path of new Set(Object.values(manifest.files.assets))) bytes += files.get(path)?.length ?? 0;
  if (bytes > PACKAGE_LIMITS.maxAssetsBytes) {
    throw tooLarge('files.assets, together', bytes, PACKAGE_LIMITS.maxAssetsBytes, 'bytes');
  }
}

/** Every file that a manifest names, each with the field that names it. */
export function namedFiles(manifest: Manifest): [field: string, path: string][] {
  const { wasm, icon, readme, license, examples, assets } = manifest.files;
  const named: [string, string][] = [['files.wasm', wasm]];
  if (icon !== undefined) named.push(['files.icon', icon]);
  if (readme !== undefined) named.push(['files.readme', readme]);
  if (license !== undefined) named.push(['files.license', license]);
  for (const [index, path] of examples.entries()) named.push([`files.examples[${index}]`, path]);
  for (const [key, path] of Object.entries(assets)) named.push([`files.assets.${key}`, path]);
  return named;
}

/**
 * The digest of a package: sha256, in hex, of this text in UTF-8. It does not depend on how the package was compressed.
 *
 *     hal9-package-1\n
 *     <size in bytes, decimal> <sha256 of the content, 64 hex digits> <path>\n    for each file
 *
 * Files are sorted by the bytes of their paths. Paths hold no line breaks (`paths.ts`), so the text means one thing.
 */
export async function digestOf(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const hash = createHash('sha256').update('hal9-package-1\n');
  const paths = [...files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const path of paths) {
    const content = files.get(path) as Uint8Array;
    hash.update(`${content.length} ${await sha256(content)} ${path}\n`);
  }
  return hash.digest('hex');
}

/** From this size on, hashing goes to the thread pool: it must not hold up the main thread. */
const HASH_ASIDE_FROM_BYTES = 256 * 1_024;

/** sha256 in hex. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (bytes.length < HASH_ASIDE_FROM_BYTES) return createHash('sha256').update(bytes).digest('hex');
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

/** A package, or a part of it, that is larger than it may be. */
export function tooLarge(what: string, found: number, limit: number, unit: string): HostError {
  return new HostError('PACKAGE_TOO_LARGE', `${what}: expected at most ${limit} ${unit}, found ${found}`);
}

/** Adds up what is unpacked and refuses what passes the bound, before it is held. */
export class SizeBudget {
  #totalBytes = 0;

  /** @throws HostError PACKAGE_TOO_LARGE */
  take(what: string, bytes: number): void {
    if (bytes > PACKAGE_LIMITS.maxEntryBytes) throw tooLarge(what, bytes, PACKAGE_LIMITS.maxEntryBytes, 'bytes');
    this.#totalBytes += bytes;
    if (this.#totalBytes > PACKAGE_LIMITS.maxTotalBytes) {
      throw tooLarge('the package, unpacked', this.#totalBytes, PACKAGE_LIMITS.maxTotalBytes, 'bytes');
    }
  }
}
