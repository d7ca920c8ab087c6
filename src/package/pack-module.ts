/** Finds the module that a plugin's folder was built into. */

import { constants } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { HostError } from '../errors.js';
import { systemCode } from './durable-file.js';

/** In the order of preference: a plugin built for both is usually meant for the first, where its output is not lost. */
const TARGETS = ['wasm32-wasip1', 'wasm32-unknown-unknown'] as const;

/**
 * The path of the module of the plugin in a folder: what cargo built there or in the workspace around it, else the folder's own
 * `NAME.wasm` (of the crate or of the folder), else its only `.wasm` file.
 * @throws HostError PACKAGE_INVALID where there is none, or several and no way to tell
 */
export async function findModule(directory: string): Promise<string> {
  const root = resolve(directory);
  const crate = await crateName(root);
  if (crate !== undefined) {
    const built = await findBuilt(root, `${crate.replaceAll('-', '_')}.wasm`);
    if (built !== undefined) return built;
  }
  const modules = (await readdir(root)).filter((name) => name.endsWith('.wasm')).sort();
  const own = [crate, crate?.replaceAll('-', '_'), basename(root)].map((name) => `${name}.wasm`);
  const chosen = modules.find((name) => own.includes(name)) ?? (modules.length === 1 ? modules[0] : undefined);
  if (chosen !== undefined) return join(root, chosen);
  const hint = 'build it first (cargo build --release --target wasm32-wasip1), or name the .wasm file';
  throw new HostError(
    'PACKAGE_INVALID',
    modules.length === 0
      ? `expected a built module in the directory, found none: ${hint}`
      : `expected one module in the directory, found ${modules.length}: ${hint}`,
  );
}

/** Cargo builds into the folder's own `target`, or into that of a workspace above it, which Cargo.lock tells. */
async function findBuilt(root: string, file: string): Promise<string | undefined> {
  for (let folder = root; ; folder = dirname(folder)) {
    for (const target of TARGETS) {
      const path = join(folder, 'target', target, 'release', file);
      if (await exists(path)) return path;
    }
    if (folder === dirname(folder) || (await exists(join(folder, 'Cargo.lock')))) return undefined;
  }
}

/** `package.name` of Cargo.toml: the first `name` after `[package]`, which cargo requires to be a plain string. */
async function crateName(root: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(join(root, 'Cargo.toml'), 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const table = /^\[package\]\s*$([\s\S]*?)(?=^\[|(?![\s\S]))/m.exec(text)?.[1];
  return table === undefined ? undefined : /^name\s*=\s*["']([A-Za-z0-9_-]+)["']/m.exec(table)?.[1];
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
