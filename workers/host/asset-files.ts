import { ASSETS_DIRECTORY, type AssetImage } from '../../src/protocol/assets.js';
import type { FileEntry, FileNode, FileRoot, FileStat } from '../abi/file-node.js';

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
      const known = directory.open(component);
      if (known instanceof AssetDirectory) directory = known;
      else directory = directory.add(component, new AssetDirectory(++inodes));
    }
    directory.add(last, new AssetContent(new Uint8Array(bytes, start, sizeBytes), ++inodes));
  }
  return root;
}

class AssetDirectory implements FileNode {
  readonly #stat: FileStat;
  readonly #nodes = new Map<string, FileNode>();
  readonly #entries: FileEntry[] = [];

  constructor(inode: number) {
    this.#stat = { kind: 'directory', sizeBytes: 0, inode };
  }

  add<Node extends FileNode>(name: string, node: Node): Node {
    this.#nodes.set(name, node);
    this.#entries.push({ name: encoder.encode(name), stat: node.stat() });
    return node;
  }

  stat(): FileStat {
    return this.#stat;
  }

  read(): number {
    return 0;
  }

  list(): readonly FileEntry[] {
    return this.#entries;
  }

  open(name: string): FileNode | undefined {
    return this.#nodes.get(name);
  }
}

class AssetContent implements FileNode {
  readonly #stat: FileStat;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, inode: number) {
    this.#stat = { kind: 'file', sizeBytes: bytes.length, inode };
    this.#bytes = bytes;
  }

  stat(): FileStat {
    return this.#stat;
  }

  read(into: Uint8Array, offset: number): number {
    const found = this.#bytes.subarray(offset, offset + into.length);
    into.set(found);
    return found.length;
  }

  list(): readonly FileEntry[] {
    return [];
  }

  open(): undefined {
    return undefined;
  }
}
