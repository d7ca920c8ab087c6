/** Writes ZIP files that no tool would write: each field of each header may be set to what it should not be. */

import { crc32, deflateRawSync } from 'node:zlib';

/** One entry; what is not given is as it should be. */
export interface RawEntry {
  name: string | Buffer;
  content?: Uint8Array | string;
  /** The data as it lies in the file, instead of the deflated content. */
  data?: Uint8Array;
  method?: number;
  flags?: number;
  /** Announced, in both headers. */
  crc32?: number;
  compressedSize?: number;
  uncompressedSize?: number;
  /** The upper half of the external attributes: file type and mode. */
  mode?: number;
  extra?: Buffer;
  /** The name in the local header alone. */
  localName?: string;
  /** Points the central directory at another entry's local header. */
  offset?: number;
  /** Bytes between this entry's data and the next header. */
  gap?: Uint8Array;
  /** Leaves the local header and the data out. */
  centralOnly?: boolean;
}

export interface RawZip {
  entries: readonly RawEntry[];
  prefix?: Uint8Array;
  /** Between the central directory and the end record; counted into the announced size of the directory. */
  beforeEnd?: Uint8Array;
  comment?: string;
  suffix?: Uint8Array;
  announcedEntries?: number;
  directoryOffset?: number;
}

/** The bytes of such a file. */
export function rawZip(zip: RawZip): Buffer {
  const chunks: Buffer[] = [Buffer.from(zip.prefix ?? [])];
  const central: Buffer[] = [];
  let position = chunks[0]?.length ?? 0;
  const add = (chunk: Uint8Array): void => {
    chunks.push(Buffer.from(chunk));
    position += chunk.length;
  };
  for (const entry of zip.entries) {
    const { header, data, centralHeader } = writeEntry(entry, entry.offset ?? position);
    central.push(centralHeader);
    if (entry.centralOnly) continue;
    add(header);
    add(data);
    if (entry.gap !== undefined) add(entry.gap);
  }
  const start = position;
  for (const header of central) add(header);
  if (zip.beforeEnd !== undefined) add(zip.beforeEnd);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  const count = zip.announcedEntries ?? zip.entries.length;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(position - start, 12);
  end.writeUInt32LE(zip.directoryOffset ?? start, 16);
  end.writeUInt16LE(zip.comment?.length ?? 0, 20);
  add(end);
  add(Buffer.from(zip.comment ?? ''));
  add(zip.suffix ?? Buffer.alloc(0));
  return Buffer.concat(chunks);
}

function writeEntry(entry: RawEntry, offset: number): { header: Buffer; data: Buffer; centralHeader: Buffer } {
  const content = Buffer.from(entry.content ?? '');
  const method = entry.method ?? 8;
  const data = Buffer.from(entry.data ?? (method === 8 ? deflateRawSync(content) : content));
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(entry.flags ?? 0x0800, 2);
  common.writeUInt16LE(method, 4);
  common.writeUInt16LE(0, 6);
  common.writeUInt16LE(0x21, 8);
  common.writeUInt32LE(entry.crc32 ?? crc32(content), 10);
  common.writeUInt32LE(entry.compressedSize ?? data.length, 14);
  common.writeUInt32LE(entry.uncompressedSize ?? content.length, 18);
  const name = Buffer.from(entry.name as string);
  const localName = entry.localName === undefined ? name : Buffer.from(entry.localName);
  const extra = entry.extra ?? Buffer.alloc(0);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  common.copy(local, 4);
  local.writeUInt16LE(localName.length, 26);
  const centralHeader = Buffer.alloc(46);
  centralHeader.writeUInt32LE(0x02014b50, 0);
  centralHeader.writeUInt16LE((3 << 8) | 20, 4);
  common.copy(centralHeader, 6);
  centralHeader.writeUInt16LE(name.length, 28);
  centralHeader.writeUInt16LE(extra.length, 30);
  centralHeader.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
  centralHeader.writeUInt32LE(offset, 42);
  return {
    header: Buffer.concat([local, localName]),
    data,
    centralHeader: Buffer.concat([centralHeader, name, extra]),
  };
}
