import { ASSETS_DIRECTORY, type AssetImage } from '../../src/protocol/assets.js';
import { type FileEntry, type FileKind, type OpenHow, packEntries, packStat } from '../../src/protocol/files.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { FileFault, type FileNode, type FileRoot } from '../abi/file-node.js';
import { walk } from './asset-paths.js';

const encoder = new TextEncoder();

/** The plugin's assets, read-only, where it has any. */
export function assetRoots(assets: AssetImage | undefined): readonly FileRoot[] {
  return assets === undefined ? [] : [{ path: ASSETS_DIRECTORY, directory: treeOf(assets) }];
}

/** Directories are those that the names imply. */
function treeOf({ bytes, files }: AssetImage): FileNode {
  let inodes = 1;
  const root = new AssetDirectory(inodes);
  for (const { name, start, sizeBytes } of files) {
    const components = name.split('/');
    const last = components.pop() ?? name;
    let directory = root;
    for (const component of components) {
      const known = directory.find(component);
      if (known instanceof AssetDirectory) directory = known;
      else directory = directory.add(component, new AssetDirectory(++inodes));
    }
    directory.add(last, new AssetContent(new Uint8Array(bytes, start, sizeBytes), ++inodes));
  }
  return root;
}

/** What assets have in common: nothing of them can be changed, and no time is known of them. */
export abstract class Asset implements FileNode {
  abstract readonly kind: FileKind;
  readonly isReadable = true;
  readonly isWritable = false;
  readonly inode: bigint;

  constructor(inode: number) {
    this.inode = BigInt(inode);
  }

  abstract get sizeBytes(): number;
  abstract read(offset: number, maxBytes: number): Uint8Array;
  abstract list(): Uint8Array;
  /** What has that name in a directory. */
  abstract find(name: string): Asset | undefined;

  stat(): Uint8Array {
    const { kind, inode } = this;
    const times = { accessedNs: 0n, modifiedNs: 0n, changedNs: 0n };
    return packStat({ kind, sizeBytes: BigInt(this.sizeBytes), inode, device: 0n, links: 1n, ...times });
  }

  open(path: Uint8Array, how: OpenHow): FileNode {
    const node = walk(this, path, how.create ? ERRNO.rofs : ERRNO.noent);
    if (how.create && how.exclusive) throw new FileFault(ERRNO.exist);
    const isDirectory = node.kind === 'directory';
    if (how.directory && !isDirectory) throw new FileFault(ERRNO.notdir);
    if (isDirectory && (how.create || how.truncate || how.write)) throw new FileFault(ERRNO.isdir);
    if (how.truncate || how.write) throw new FileFault(ERRNO.rofs);
    if (how.crowded) throw new FileFault(ERRNO.mfile);
    return node;
  }

  statAt(path: Uint8Array): Uint8Array {
    return walk(this, path, ERRNO.noent).stat();
  }

  write(): never {
    throw new FileFault(ERRNO.rofs);
  }

  resize(): void {
    throw new FileFault(ERRNO.rofs);
  }

  makeDirectory(): void {
    throw new FileFault(ERRNO.rofs);
  }

  removeDirectory(): void {
    throw new FileFault(ERRNO.rofs);
  }

  unlink(): void {
    throw new FileFault(ERRNO.rofs);
  }

  rename(): void {
    throw new FileFault(ERRNO.rofs);
  }

  setTimes(): void {
    throw new FileFault(ERRNO.rofs);
  }

  sync(): void {}

  close(): void {}
}

class AssetDirectory extends Asset {
  readonly kind = 'directory';
  readonly sizeBytes = 0;
  readonly #nodes = new Map<string, Asset>();
  readonly #entries: FileEntry[] = [];

  add<Node extends Asset>(name: string, node: Node): Node {
    this.#nodes.set(name, node);
    this.#entries.push({ name: encoder.encode(name), kind: node.kind, inode: node.inode });
    return node;
  }

  read(): Uint8Array {
    throw new FileFault(ERRNO.isdir);
  }

  list(): Uint8Array {
    return packEntries(this.#entries);
  }

  find(name: string): Asset | undefined {
    return this.#nodes.get(name);
  }
}

class AssetContent extends Asset {
  readonly kind = 'file';
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, inode: number) {
    super(inode);
    this.#bytes = bytes;
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  read(offset: number, maxBytes: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + maxBytes);
  }

  list(): Uint8Array {
    throw new FileFault(ERRNO.notdir);
  }

  find(): undefined {
    return undefined;
  }
}
