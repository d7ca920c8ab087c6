/** What a package is once it has been read, whatever it was read from. */

import { HostError } from '../errors.js';
import { MODULE_LIMITS, PACKAGE_LIMITS } from '../limits.js';
import { type Manifest, parseManifest } from './manifest.js';
import { quote } from './paths.js';
import { type PackageSignature, parseSignatures } from './signature/signatures-file.js';
import { SIGNATURES_PATH, sha256, statementOf } from './signature/statement.js';

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
  /** Identifies the package by its contents, whoever has signed them: see `digestOf`. */
  readonly digest: string;
  /** What `digest` is the hash of, and what is signed. */
  readonly statement: Uint8Array;
  /** As the package has them: not verified. */
  readonly signatures: readonly PackageSignature[];
}

/**
 * Puts a package together from its files.
 * @throws HostError PACKAGE_INVALID where the manifest, or a file that it names, is missing; MANIFEST_INVALID; MODULE_LIMIT;
 *   SIGNATURE_INVALID where the form of the signatures is wrong
 */
export async function assemble(files: ReadonlyMap<string, Uint8Array>): Promise<PackageContents> {
  const manifestBytes = files.get(MANIFEST_PATH);
  if (manifestBytes === undefined) throw withoutManifest(files);
  const manifest = parseManifest(manifestBytes);
  for (const [field, path] of namedFiles(manifest)) {
    if (!files.has(path)) {
      throw new HostError('PACKAGE_INVALID', `${field}: the package has no file ${quote(path)}`);
    }
    if (path === SIGNATURES_PATH) {
      throw new HostError('PACKAGE_INVALID', `${field}: ${SIGNATURES_PATH} holds signatures, which nobody signs`);
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
  const statement = await statementOf(files);
  const signed = files.get(SIGNATURES_PATH);
  const signatures = signed === undefined ? [] : parseSignatures(signed);
  return {
    ...{ manifest, wasm, wasmDigest: await sha256(wasm) },
    ...{ files, digest: await sha256(statement), statement, signatures },
  };
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

/** The digest of a package: sha256, in hex, of its statement. */
export async function digestOf(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  return sha256(await statementOf(files));
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
