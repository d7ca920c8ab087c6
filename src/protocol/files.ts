/** What a worker and the main thread tell each other of files, besides error numbers and handles. */

/** Kinds, by their numbers in WASI (`preview1/docs.md`, "filetype"). */
export const FILE_KINDS = { other: 0, directory: 3, file: 4, symlink: 7 } as const;
export type FileKind = keyof typeof FILE_KINDS;

/** The guest path of a plugin's scratch directory. */
export const SCRATCH_DIRECTORY = '/scratch';

/** How something is opened: bits of one field. `crowded`: the instance has as many open as it may, and is to be refused as such. */
export const OPEN_FLAGS = {
  read: 1,
  write: 2,
  create: 4,
  exclusive: 8,
  truncate: 16,
  directory: 32,
  crowded: 64,
} as const;
export type OpenHow = { readonly [Flag in keyof typeof OPEN_FLAGS]: boolean };

export function openFlags(how: OpenHow): number {
  return FLAGS.reduce((flags, flag) => flags | (how[flag] ? OPEN_FLAGS[flag] : 0), 0);
}

export function openHow(flags: number): OpenHow {
  const has = (flag: keyof typeof OPEN_FLAGS): boolean => (flags & OPEN_FLAGS[flag]) !== 0;
  return Object.fromEntries(FLAGS.map((flag) => [flag, has(flag)])) as OpenHow;
}

const FLAGS = Object.keys(OPEN_FLAGS) as (keyof typeof OPEN_FLAGS)[];

/** What is known of a file without reading it. Times are nanoseconds since the epoch. */
export interface FileStat {
  readonly kind: FileKind;
  readonly sizeBytes: bigint;
  /** Another one for each node of a device, and each device of a plugin's. */
  readonly inode: bigint;
  readonly device: bigint;
  readonly links: bigint;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

const STAT_BYTES = 64;

/** A stat as preview 1 lays out a `filestat`. */
export function packStat(stat: FileStat): Uint8Array {
  const bytes = new Uint8Array(STAT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, stat.device, true);
  view.setBigUint64(8, stat.inode, true);
  view.setUint8(16, FILE_KINDS[stat.kind]);
  view.setBigUint64(24, stat.links, true);
  view.setBigUint64(32, stat.sizeBytes, true);
  view.setBigUint64(40, stat.accessedNs, true);
  view.setBigUint64(48, stat.modifiedNs, true);
  view.setBigUint64(56, stat.changedNs, true);
  return bytes;
}

/** The size in a packed stat. */
export function sizeIn(stat: Uint8Array): bigint {
  return new DataView(stat.buffer, stat.byteOffset).getBigUint64(32, true);
}

export interface FileEntry {
  /** In UTF-8. */
  readonly name: Uint8Array;
  readonly kind: FileKind;
  readonly inode: bigint;
}

const DIRENT_BYTES = 24;

/** Entries as preview 1 lays out `dirent`s. The cookie of each is the place of the next one among these bytes. */
export function packEntries(entries: readonly FileEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, { name }) => sum + DIRENT_BYTES + name.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { name, kind, inode } of entries) {
    const next = at + DIRENT_BYTES + name.length;
    view.setBigUint64(at, BigInt(next), true);
    view.setBigUint64(at + 8, inode, true);
    view.setUint32(at + 16, name.length, true);
    view.setUint8(at + 20, FILE_KINDS[kind]);
    bytes.set(name, at + DIRENT_BYTES);
    at = next;
  }
  return bytes;
}

export function entryBytes({ name }: Pick<FileEntry, 'name'>): number {
  return DIRENT_BYTES + name.length;
}

/** A moment that is to be set: nanoseconds since the epoch, or one of these. */
export const KEEP_TIME = -1n;
export const TIME_NOW = -2n;
