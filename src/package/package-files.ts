/** The files of an installed package that its manifest names: what they are, and their contents when they are asked for. */

import { namedFiles, type PackageContents } from './contents.js';
import type { Manifest } from './manifest.js';
import { readFiles } from './read.js';

export interface PackageFiles {
  /** Bytes of each file that the manifest names, by its path. */
  readonly sizes: ReadonlyMap<string, number>;
  /** @throws HostError DATA_DIR_DAMAGED, or PACKAGE_INVALID for a path that is not among the sizes */
  read(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** README, licence, icon, an example or an asset: what is shown to people, and what the guest reads. */
export interface NamedFile {
  readonly kind: 'readme' | 'license' | 'icon' | 'example' | 'asset';
  readonly path: string;
  /** Of an asset: the guest reads it as `/assets/NAME`. Empty for others. */
  readonly name: string;
  readonly sizeBytes: number;
}

export function sizesOf({ manifest, files }: Pick<PackageContents, 'manifest' | 'files'>): Map<string, number> {
  return new Map(namedFiles(manifest).map(([, path]) => [path, files.get(path)?.length ?? 0]));
}

/** Files of a package that is nowhere but in memory. */
export function filesInMemory(packageBytes: Uint8Array, contents: PackageContents): PackageFiles {
  return { sizes: sizesOf(contents), read: (paths) => readFiles(packageBytes, paths) };
}

/** In the order of the manifest's fields. */
export function listFiles({ files }: Manifest, sizes: ReadonlyMap<string, number>): NamedFile[] {
  const file = (kind: NamedFile['kind'], path: string, name = ''): NamedFile => ({
    kind,
    path,
    name,
    sizeBytes: sizes.get(path) ?? 0,
  });
  return [
    ...(files.readme === undefined ? [] : [file('readme', files.readme)]),
    ...(files.license === undefined ? [] : [file('license', files.license)]),
    ...(files.icon === undefined ? [] : [file('icon', files.icon)]),
    ...files.examples.map((path) => file('example', path)),
    ...Object.entries(files.assets).map(([name, path]) => file('asset', path, name)),
  ];
}
