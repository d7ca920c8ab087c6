/** Files as the functions of WASI see them, whatever is behind them. A node is open for as long as somebody holds it. */
export interface FileNode {
  stat(): FileStat;
  /** Copies what stands at an offset; answers how many bytes, which are fewer at the end of the file. */
  read(into: Uint8Array, offset: number): number;
  /** The entries of a directory, always in the same order. */
  list(): readonly FileEntry[];
  /** What has that name in a directory. The name is one plain component: never empty, `.` or `..`. */
  open(name: string): FileNode | undefined;
}

export interface FileStat {
  readonly kind: 'file' | 'directory';
  readonly sizeBytes: number;
  /** Another one for each node of a root. */
  readonly inode: number;
}

export interface FileEntry {
  /** In UTF-8. */
  readonly name: Uint8Array;
  readonly stat: FileStat;
}

/** A directory that is open from the start: descriptor 3, or one behind it. */
export interface FileRoot {
  /** Where the guest finds it: an absolute path such as `/assets`. */
  readonly path: string;
  readonly directory: FileNode;
}
