import { join } from 'node:path';
import type { Permission } from '../../permissions.js';
import { SCRATCH_DIRECTORY } from '../../protocol/files.js';
import { partsOf } from '../../sandbox/permission-parts.js';
import type { Root } from './backend.js';
import { below } from './guest-path.js';

/** A directory of the host as an operator maps it. */
export interface MappedRoot {
  /** Where guests find it. */
  readonly path: string;
  readonly directory: string;
  /** The id of the only plugin that it is for; for all by default. */
  readonly plugin?: string | undefined;
}

/** A root, and where in it something is. */
export interface Found {
  readonly root: Root;
  /** Where the guest finds the root. */
  readonly at: string;
  readonly path: readonly string[];
  /** The name of what is counted there. */
  readonly space: string;
}

/** What one plugin sees of the host's directories, if it may: those that are mapped, and one of its own. */
export class PluginRoots {
  readonly #scratch: Root;
  readonly #added: string;
  /** The most specific first. */
  readonly #roots: readonly { at: string; root: Root; space: string }[];

  /** @param scratch where the directories of all plugins are */
  constructor(pluginId: string, mapped: readonly MappedRoot[], scratch: string) {
    const mine = mapped.filter(({ plugin }) => plugin === undefined || plugin === pluginId);
    const own = (path: string) => mine.find((root) => root.path === path && root.plugin === pluginId);
    const space = addedBy(pluginId);
    const roots = [...new Set(mine.map(({ path }) => path))].map((at) => {
      const { directory } = own(at) ?? (mine.find(({ path }) => path === at) as MappedRoot);
      return { at, root: { key: directory, directory, scratch: false }, space };
    });
    const its = scratchOf(pluginId, scratch);
    this.#scratch = its.root;
    this.#added = space;
    this.#roots = [...roots, its].sort((a, b) => b.at.length - a.at.length);
  }

  /** What is counted of it: in its own directory, and in all others together. */
  get spaces(): { scratch: Root; added: string } {
    return { scratch: this.#scratch, added: this.#added };
  }

  find(path: string): Found | undefined {
    for (const { at, root, space } of this.#roots) {
      const found = below(at, path);
      if (found !== undefined) return { root, at, path: found, space };
    }
    return undefined;
  }

  /** The directories that a plugin finds open from the start: the outermost ones of what these permissions are about. */
  directories(permissions: readonly Permission[]): string[] {
    const paths = filePaths(permissions).flatMap((path) =>
      this.find(path) === undefined ? this.#within(path).map(({ at }) => at) : [path],
    );
    const distinct = [...new Set(paths)].sort();
    const isOutermost = (path: string) => !distinct.some((other) => other !== path && below(other, path) !== undefined);
    return distinct.filter(isOutermost);
  }

  /** Those of the permissions that no directory is behind. */
  withoutRoot(permissions: readonly Permission[]): Permission[] {
    const isEmpty = (path: string) =>
      this.find(path) === undefined && this.#within(path).every(({ root }) => root.scratch);
    return permissions.filter((permission) => filePaths([permission]).some(isEmpty));
  }

  #within(path: string) {
    return this.#roots.filter(({ at }) => below(path, at) !== undefined);
  }
}

export function scratchOf(pluginId: string, scratch: string): { at: string; root: Root; space: string } {
  const key = `scratch:${pluginId}`;
  return { at: SCRATCH_DIRECTORY, root: { key, directory: join(scratch, pluginId), scratch: true }, space: key };
}

/** The name of what a plugin has added in roots that are not its own. */
function addedBy(pluginId: string): string {
  return `added:${pluginId}`;
}

function filePaths(permissions: readonly Permission[]): string[] {
  return permissions.map(partsOf).flatMap(({ path }) => path ?? []);
}
