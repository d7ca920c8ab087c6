/**
 * Writes packages. The manifest comes from the metadata in the module, from `manifest.json` where the author wrote one, or
 * from both where they agree. The same input gives the same bytes.
 */

import { lstat, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { HostError } from '../errors.js';
import { MANIFEST_LIMITS, MODULE_LIMITS, PACKAGE_LIMITS } from '../limits.js';
import { assemble, MANIFEST_PATH, namedFiles, type PackageContents, SizeBudget, tooLarge } from './contents.js';
import { readInside, resolveRoot } from './directory.js';
import { systemCode, writeWhole } from './durable-file.js';
import { type Manifest, parseManifest } from './manifest.js';
import { readMetadata } from './metadata.js';
import { type FilesDraft, requireAgreement, writeManifest } from './pack-manifest.js';
import { findModule } from './pack-module.js';
import { quote } from './paths.js';
import { zipFiles } from './zip-write.js';

/** What to pack. */
export interface PackSource {
  /** The plugin's folder: README, licence, icon, examples, assets, `manifest.json`, and where the module is looked for. */
  readonly directory?: string;
  /** The module, where it is not the one that `directory` was built into. Alone, nothing else goes into the package. */
  readonly wasmPath?: string;
  /** A manifest written by hand; by default the `manifest.json` of `directory`, where there is one. */
  readonly manifestPath?: string;
}

export interface PackedBytes {
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  /** Identifies the package by its contents, as the server does. */
  readonly digest: string;
}

const WASM_PATH = 'plugin.wasm';

/** What a folder's files are taken for, by their names; the first that is there. */
const README_NAMES = ['README.md', 'README', 'README.txt'];
const LICENSE_NAMES = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'LICENCE.md', 'LICENCE.txt'];
const ICON_NAMES = ['icon.svg', 'icon.png'];

/**
 * Packs into a file: written aside, then renamed.
 * @param source `out` is the file; by default NAME-VERSION.hal9 in the current folder
 * @throws HostError PACKAGE_INVALID, PACKAGE_TOO_LARGE, MANIFEST_INVALID, MODULE_INVALID, MODULE_LIMIT
 */
export async function pack(source: PackSource & { readonly out?: string }): Promise<PackedBytes & { path: string }> {
  const packed = await packBytes(source);
  const { name, version } = packed.manifest.metadata;
  const path = resolve(source.out ?? `${name.replace(/[^A-Za-z0-9_.-]+/g, '-')}-${version}.hal9`);
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, packed.bytes, { asideDirectory: dirname(path), durable: false });
  return { ...packed, path };
}

/** Packs in memory. Errors as `pack`. */
export async function packBytes(source: PackSource): Promise<PackedBytes> {
  const contents = await gather(source);
  const bytes = await zipFiles(contents.files);
  if (bytes.length > PACKAGE_LIMITS.maxFileBytes) {
    throw tooLarge('the package', bytes.length, PACKAGE_LIMITS.maxFileBytes, 'bytes');
  }
  return { bytes, manifest: contents.manifest, digest: contents.digest };
}

async function gather(source: PackSource): Promise<PackageContents> {
  const { directory } = source;
  if (directory === undefined && source.wasmPath === undefined) {
    throw new HostError('PACKAGE_INVALID', 'expected a directory or a .wasm file to pack, found neither');
  }
  const root = directory === undefined ? undefined : await resolveRoot(directory);
  const manifestBytes = await readManifest(source, root);
  return manifestBytes === undefined ? gatherNamed(source, root) : gatherByHand(source, root, manifestBytes);
}

async function readManifest(source: PackSource, root: string | undefined): Promise<Uint8Array | undefined> {
  if (source.manifestPath !== undefined) return readGiven(source.manifestPath, PACKAGE_LIMITS.maxManifestBytes);
  if (root === undefined || !(await isThere(root, MANIFEST_PATH))) return undefined;
  return readInside(root, MANIFEST_PATH, PACKAGE_LIMITS.maxManifestBytes, new SizeBudget());
}

/** With a manifest by hand: exactly the files that it names. */
async function gatherByHand(
  source: PackSource,
  root: string | undefined,
  manifestBytes: Uint8Array,
): Promise<PackageContents> {
  const manifest = parseManifest(manifestBytes);
  const files = new Map<string, Uint8Array>([[MANIFEST_PATH, manifestBytes]]);
  const budget = new SizeBudget();
  for (const [field, path] of namedFiles(manifest)) {
    const built = field === 'files.wasm' && (source.wasmPath !== undefined || !(await isThere(root, path)));
    if (built) files.set(path, await readModule(source, root));
    else if (root === undefined)
      throw new HostError('PACKAGE_INVALID', `${field}: a directory is needed for ${quote(path)}`);
    else files.set(path, await readInside(root, path, PACKAGE_LIMITS.maxEntryBytes, budget));
  }
  const draft = readMetadata(files.get(manifest.files.wasm) as Uint8Array);
  if (draft !== undefined) requireAgreement(manifest, draft);
  return assemble(files);
}

/** Without: the files that are taken for what their names say. */
async function gatherNamed(source: PackSource, root: string | undefined): Promise<PackageContents> {
  const wasm = await readModule(source, root);
  const draft = readMetadata(wasm);
  if (draft === undefined) {
    throw new HostError(
      'PACKAGE_INVALID',
      `the module carries no metadata (hal9_plugin! of the SDK does that): expected a ${MANIFEST_PATH} beside it`,
    );
  }
  const named: FilesDraft = { wasm: WASM_PATH, ...(root === undefined ? {} : await findFiles(root)) };
  const manifestBytes = writeManifest(draft, named);
  const files = new Map<string, Uint8Array>([
    [MANIFEST_PATH, manifestBytes],
    [WASM_PATH, wasm],
  ]);
  const budget = new SizeBudget();
  for (const [, path] of namedFiles(parseManifest(manifestBytes))) {
    if (root !== undefined && path !== WASM_PATH) {
      files.set(path, await readInside(root, path, PACKAGE_LIMITS.maxEntryBytes, budget));
    }
  }
  return assemble(files);
}

async function readModule(source: PackSource, root: string | undefined): Promise<Uint8Array> {
  if (source.wasmPath !== undefined) return readGiven(source.wasmPath, MODULE_LIMITS.maxModuleBytes);
  return readGiven(await findModule(root as string), MODULE_LIMITS.maxModuleBytes);
}

/** Reads a file that the caller named himself: it may lie anywhere. */
async function readGiven(path: string, limitBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await lstat(path);
    if (size > limitBytes) throw tooLarge(quote(basename(path)), size, limitBytes, 'bytes');
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('PACKAGE_INVALID', `expected a readable file ${quote(basename(path))}`, { cause: error });
  }
}

async function findFiles(root: string): Promise<Partial<Manifest['files']>> {
  const names = new Set(await readdir(root));
  const readme = README_NAMES.find((name) => names.has(name));
  const license = LICENSE_NAMES.find((name) => names.has(name));
  const icon = ICON_NAMES.find((name) => names.has(name));
  // Other files there are programs: cargo's examples of a crate.
  const examples = (await filesBelow(root, 'examples')).filter((path) => /\.(json|md|txt)$/.test(path));
  const assets = (await filesBelow(root, 'assets')).map((path) => [path.slice('assets/'.length), path]);
  return {
    ...(readme === undefined ? {} : { readme }),
    ...(license === undefined ? {} : { license }),
    ...(icon === undefined ? {} : { icon }),
    ...(examples.length === 0 ? {} : { examples }),
    ...(assets.length === 0 ? {} : { assets: Object.fromEntries(assets) as Record<string, string> }),
  };
}

/** Every file below a folder inside the root, sorted; hidden ones excepted. Links are listed, and refused on reading. */
async function filesBelow(root: string, folder: string): Promise<string[]> {
  if (!(await isThere(root, folder))) return [];
  const found: string[] = [];
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of await readdir(join(root, next), { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) pending.push(`${next}/${entry.name}`);
      else found.push(`${next}/${entry.name}`);
    }
    if (found.length > MANIFEST_LIMITS.maxFiles)
      throw tooLarge(quote(folder), found.length, MANIFEST_LIMITS.maxFiles, 'files');
  }
  return found.sort();
}

async function isThere(root: string | undefined, path: string): Promise<boolean> {
  if (root === undefined) return false;
  try {
    await lstat(join(root, path));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
