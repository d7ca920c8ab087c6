/**
 * The entries of a ZIP file, from its central directory (read by yauzl) and held against the local headers: what two readers of
 * ZIP could understand differently is refused, so that what is checked here is what any tool unpacks.
 *
 * Where an entry's bytes lie: the local headers and their data fill the file from byte 0 to the central directory, in some
 * order, without a gap or an overlap (a data descriptor follows streamed data).
 */

import { type Entry, fromBufferPromise, type LocalFileHeader, type ZipFile } from 'yauzl';
import { HostError } from '../errors.js';
import { PACKAGE_LIMITS } from '../limits.js';
import { stands } from '../protocol/defences.js';
import { SizeBudget, tooLarge } from './contents.js';
import { PathSet } from './path-set.js';
import { pathFault, quote } from './paths.js';

/** A file inside the package, as announced. */
export interface ZipEntry {
  readonly path: string;
  readonly deflated: boolean;
  readonly crc32: number;
  readonly uncompressedSize: number;
  /** Its data as it lies in the file. */
  readonly data: Uint8Array;
}

const END_RECORD = 0x06054b50;
const END_RECORD_BYTES = 22;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_LOCATOR_BYTES = 20;
/** A data descriptor: optional signature, CRC-32, two sizes of four or eight bytes each (APPNOTE 4.3.9). */
const DESCRIPTOR_BYTES: readonly number[] = [12, 16, 20, 24];

/** General purpose bits (APPNOTE 4.4.4). */
const FLAG = {
  encrypted: 0x0001,
  streamed: 0x0008,
  strongEncryption: 0x0040,
  utf8: 0x0800,
  maskedHeader: 0x2000,
} as const;
const METHOD = { stored: 0, deflated: 8 } as const;
/** Info-ZIP's second spelling of a name. */
const EXTRA_UNICODE_PATH = 0x7075;
/** File types in the upper half of the external attributes. */
const TYPE = { mask: 0xf000, none: 0, directory: 0x4000, regular: 0x8000, link: 0xa000 } as const;

/**
 * The files of a package, directories left out.
 * @throws HostError PACKAGE_INVALID, PACKAGE_TOO_LARGE: the message names the entry and the fault
 */
export async function readEntries(bytes: Uint8Array): Promise<ZipEntry[]> {
  if (bytes.length > PACKAGE_LIMITS.maxFileBytes) {
    throw tooLarge('the package', bytes.length, PACKAGE_LIMITS.maxFileBytes, 'bytes');
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return await readAll(buffer);
  } catch (error) {
    if (error instanceof HostError) throw error;
    // What yauzl throws is about the file alone: it has no path of the host.
    const message = error instanceof Error ? error.message : 'unreadable';
    throw new HostError('PACKAGE_INVALID', `the package is not a well-formed ZIP file: ${message.slice(0, 300)}`, {
      cause: error,
    });
  }
}

interface Extent {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly streamed: boolean;
}

async function readAll(buffer: Buffer): Promise<ZipEntry[]> {
  const directoryStart = stands('zip-layout') ? checkEndRecord(buffer) : undefined;
  // Names are decoded here, not by yauzl, which turns backslashes into slashes and takes CP437.
  const zip = await fromBufferPromise(buffer, { decodeStrings: false, validateEntrySizes: true });
  if (zip.entryCount > PACKAGE_LIMITS.maxEntries && stands('package-bounds')) {
    throw tooLarge('the package', zip.entryCount, PACKAGE_LIMITS.maxEntries, 'entries');
  }
  const names = new PathSet();
  const budget = new SizeBudget();
  const entries: ZipEntry[] = [];
  const extents: Extent[] = [];
  let compressedBytes = 0;
  for await (const entry of zip.eachEntry()) {
    const name = decodeName(entry);
    const isDirectory = checkEntry(entry, name);
    const path = isDirectory ? name.replace(/\/$/, '') : name;
    const clash = names.add(path, isDirectory);
    if (clash !== undefined && stands('zip-names')) throw invalid(path, clash);
    compressedBytes += checkSizes(entry, path, budget);
    if (compressedBytes > buffer.length && directoryStart !== undefined)
      throw invalid(path, 'shares its data with another entry');
    const { header, extent } = await readHeader(zip, entry, path);
    extents.push(extent);
    if (!isDirectory) entries.push(toZipEntry(entry, header, path, buffer));
  }
  if (directoryStart === undefined) return entries;
  checkExtents(extents, directoryStart);
  if (Number(zip.readEntryCursor) !== buffer.length - END_RECORD_BYTES) {
    throw new HostError(
      'PACKAGE_INVALID',
      'the package has hidden bytes behind the last entry of its central directory',
    );
  }
  return entries;
}

/**
 * The end record must be the file's last 22 bytes, right after the central directory that it announces: nothing in front of the
 * archive, no comment, nothing behind it, no second directory in between. Answers where the central directory begins.
 */
function checkEndRecord(buffer: Buffer): number {
  const end = buffer.length - END_RECORD_BYTES;
  if (end < 0 || buffer.readUInt32LE(end) !== END_RECORD) {
    const elsewhere = buffer.lastIndexOf('PK\x05\x06', undefined, 'latin1') >= 0;
    throw new HostError(
      'PACKAGE_INVALID',
      elsewhere
        ? 'the package has trailing bytes, or a comment, after its central directory; expected none'
        : 'the package is not a ZIP file, or is cut short: its end record is missing',
    );
  }
  const entriesHere = buffer.readUInt16LE(end + 8);
  const entriesInAll = buffer.readUInt16LE(end + 10);
  const size = buffer.readUInt32LE(end + 12);
  const start = buffer.readUInt32LE(end + 16);
  if (buffer.readUInt16LE(end + 4) !== 0 || buffer.readUInt16LE(end + 6) !== 0 || entriesHere !== entriesInAll) {
    throw new HostError(
      'PACKAGE_INVALID',
      'the package is a part of a ZIP file in several parts; expected a whole one',
    );
  }
  const locator = end - ZIP64_LOCATOR_BYTES;
  const hasLocator = locator >= 0 && buffer.readUInt32LE(locator) === ZIP64_LOCATOR;
  if (hasLocator || start === 0xffff_ffff || size === 0xffff_ffff || entriesInAll === 0xffff) {
    throw new HostError('PACKAGE_INVALID', 'the package is in the ZIP64 format; a package is too small to need it');
  }
  if (start + size !== end) {
    throw new HostError(
      'PACKAGE_INVALID',
      `the package has prefixed or hidden bytes: expected the central directory at ${end - size}, found it announced at ${start}`,
    );
  }
  return start;
}

/** Bytes outside ASCII must be announced as UTF-8, or readers disagree on what they say. */
function decodeName(entry: Entry): string {
  const raw = entry.fileNameRaw;
  if (!stands('zip-names')) return raw.toString();
  const shown = quote(raw.toString('latin1'));
  const isUtf8 = (entry.generalPurposeBitFlag & FLAG.utf8) !== 0;
  if (!isUtf8 && raw.some((byte) => byte >= 0x80))
    throw invalidShown(shown, 'has a name that is neither ASCII nor announced as UTF-8');
  if (entry.extraFields.some((field) => field.id === EXTRA_UNICODE_PATH)) {
    throw invalidShown(shown, 'has a second name in an extra field');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw invalidShown(shown, 'has a name that is not UTF-8');
  }
}

/** Checks what an entry says it is; answers whether it is a directory. */
function checkEntry(entry: Entry, name: string): boolean {
  const isDirectory = name.endsWith('/');
  const fault = pathFault(isDirectory ? name.slice(0, -1) : name);
  if (fault !== undefined) throw invalid(name, `is a path that ${fault}`);
  if (stands('zip-kinds')) checkKind(entry, name, isDirectory);
  return isDirectory;
}

function checkKind(entry: Entry, name: string, isDirectory: boolean): void {
  if ((entry.generalPurposeBitFlag & (FLAG.encrypted | FLAG.strongEncryption | FLAG.maskedHeader)) !== 0) {
    throw invalid(name, 'is encrypted');
  }
  if (entry.compressionMethod !== METHOD.stored && entry.compressionMethod !== METHOD.deflated) {
    throw invalid(
      name,
      `has the unknown compression method ${entry.compressionMethod}; expected 0 (stored) or 8 (deflate)`,
    );
  }
  const type = (entry.externalFileAttributes >>> 16) & TYPE.mask;
  if (type === TYPE.link) throw invalid(name, 'is a symbolic link');
  if (type !== TYPE.none && type !== (isDirectory ? TYPE.directory : TYPE.regular)) {
    throw invalid(name, `has the file type 0o${type.toString(8)}; expected a regular file or a directory`);
  }
  if (isDirectory && entry.uncompressedSize !== 0) throw invalid(name, 'is a directory with content');
}

/** Holds announced sizes against the limits; that they are true is seen while inflating. Answers the compressed size. */
function checkSizes(entry: Entry, path: string, budget: SizeBudget): number {
  const { compressedSize, uncompressedSize } = entry;
  if (!stands('package-bounds')) return compressedSize;
  budget.take(quote(path), uncompressedSize);
  if (
    uncompressedSize > PACKAGE_LIMITS.ratioFromBytes &&
    uncompressedSize > compressedSize * PACKAGE_LIMITS.maxCompressionRatio
  ) {
    throw tooLarge(
      `the compression ratio of ${quote(path)}`,
      Math.floor(uncompressedSize / Math.max(1, compressedSize)),
      PACKAGE_LIMITS.maxCompressionRatio,
      'to 1',
    );
  }
  return compressedSize;
}

/** Reads the local header, which must say what the central directory says. */
async function readHeader(
  zip: ZipFile,
  entry: Entry,
  path: string,
): Promise<{ header: LocalFileHeader; extent: Extent }> {
  const header = await zip.readLocalFileHeaderPromise(entry);
  const streamed = (entry.generalPurposeBitFlag & FLAG.streamed) !== 0;
  const sameSizes =
    header.crc32 === entry.crc32 &&
    header.compressedSize === entry.compressedSize &&
    header.uncompressedSize === entry.uncompressedSize;
  const same =
    header.fileName.equals(entry.fileNameRaw) &&
    header.compressionMethod === entry.compressionMethod &&
    header.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
    (sameSizes || streamed);
  if (!same && stands('zip-layout')) throw invalid(path, 'differs between its local header and the central directory');
  const end = header.fileDataStart + entry.compressedSize;
  return { header, extent: { path, start: entry.relativeOffsetOfLocalHeader, end, streamed } };
}

function toZipEntry(entry: Entry, header: LocalFileHeader, path: string, buffer: Buffer): ZipEntry {
  return {
    path,
    deflated: entry.compressionMethod === METHOD.deflated,
    crc32: entry.crc32,
    uncompressedSize: entry.uncompressedSize,
    data: buffer.subarray(header.fileDataStart, header.fileDataStart + entry.compressedSize),
  };
}

/** Entries must fill the file from its first byte to the central directory. */
function checkExtents(extents: Extent[], directoryStart: number): void {
  const sorted = extents.sort((a, b) => a.start - b.start);
  let expected = 0;
  let afterStreamed = false;
  for (const { path, start, end, streamed } of [
    ...sorted,
    { path: '', start: directoryStart, end: 0, streamed: false },
  ]) {
    const gap = start - expected;
    if (gap < 0) throw invalid(path, 'overlaps another entry, or the central directory');
    if (afterStreamed ? !DESCRIPTOR_BYTES.includes(gap) : gap > 0) {
      throw new HostError(
        'PACKAGE_INVALID',
        `the package has prefixed or hidden bytes: ${gap} of them at byte ${expected} belong to no entry`,
      );
    }
    expected = end;
    afterStreamed = streamed;
  }
}

function invalid(path: string, fault: string): HostError {
  return invalidShown(quote(path), fault);
}

function invalidShown(shown: string, fault: string): HostError {
  return new HostError('PACKAGE_INVALID', `the entry ${shown} ${fault}`);
}
