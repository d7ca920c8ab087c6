/** Reads a `.hal9` file: a ZIP file that is hostile until shown otherwise. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { crc32, type InputType, inflateRaw, type ZlibOptions } from 'node:zlib';
import { HostError } from '../errors.js';
import { PACKAGE_LIMITS } from '../limits.js';
import { stands } from '../protocol/defences.js';
import { assemble, type PackageContents } from './contents.js';
import { quote } from './paths.js';
import { readEntries, type ZipEntry } from './zip-entries.js';

interface Inflated {
  readonly buffer: Buffer;
  /** `bytesWritten`: how much of the input the stream took. */
  readonly engine: { readonly bytesWritten: number };
}

/** With `info`, zlib answers its engine too, which the types do not say. Runs on the thread pool. */
const inflate = promisify(inflateRaw) as unknown as (data: InputType, options: ZlibOptions) => Promise<Inflated>;

/**
 * Reads a package from its bytes.
 * @throws HostError PACKAGE_INVALID, PACKAGE_TOO_LARGE, MANIFEST_INVALID, MODULE_LIMIT
 */
export async function readPackage(bytes: Uint8Array): Promise<PackageContents> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readEntries(bytes)) files.set(entry.path, await unpack(entry));
  return assemble(files);
}

/**
 * Reads some files of a package that has been checked before: nothing else is unpacked.
 * @throws HostError PACKAGE_INVALID, where one of them is not there, too
 */
export async function readFiles(bytes: Uint8Array, paths: readonly string[]): Promise<Map<string, Uint8Array>> {
  const entries = new Map((await readEntries(bytes)).map((entry) => [entry.path, entry]));
  const files = new Map<string, Uint8Array>();
  for (const path of paths) {
    const entry = entries.get(path);
    if (entry === undefined) throw new HostError('PACKAGE_INVALID', `the package has no file ${quote(path)}`);
    files.set(path, await unpack(entry));
  }
  return files;
}

/** An entry's content: of exactly the announced size and checksum, and nothing behind it. */
async function unpack(entry: ZipEntry): Promise<Uint8Array> {
  const content = entry.deflated ? await inflateEntry(entry) : new Uint8Array(entry.data);
  if ((await checksum(content)) !== entry.crc32 && stands('zip-content'))
    throw damaged(entry, 'has another checksum than announced');
  return content;
}

async function inflateEntry(entry: ZipEntry): Promise<Uint8Array> {
  let inflated: Inflated;
  try {
    const announced = stands('zip-content') ? entry.uncompressedSize : PACKAGE_LIMITS.maxEntryBytes;
    inflated = await inflate(entry.data, { maxOutputLength: Math.max(1, announced), info: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw damaged(entry, `unpacks to more than the ${entry.uncompressedSize} bytes announced`);
    throw damaged(entry, 'is not well-formed deflate data');
  }
  if (!stands('zip-content')) return exact(inflated.buffer);
  if (inflated.buffer.length !== entry.uncompressedSize) {
    throw damaged(entry, `unpacks to ${inflated.buffer.length} bytes; expected ${entry.uncompressedSize} as announced`);
  }
  if (inflated.engine.bytesWritten !== entry.data.length) throw damaged(entry, 'has bytes behind its deflate data');
  return exact(inflated.buffer);
}

/** Bytes in a buffer of their own: a slab may hold other data, which must not travel along. */
function exact(buffer: Buffer): Uint8Array {
  return buffer.length === buffer.buffer.byteLength ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer);
}

const CHECKSUM_SLICE_BYTES = 4 * 1_024 * 1_024;

/** CRC-32, with a turn of the event loop between slices. */
async function checksum(content: Uint8Array): Promise<number> {
  let value = 0;
  for (let start = 0; start < content.length; start += CHECKSUM_SLICE_BYTES) {
    if (start > 0) await nextTurn();
    value = crc32(content.subarray(start, start + CHECKSUM_SLICE_BYTES), value);
  }
  return value;
}

function damaged(entry: ZipEntry, fault: string): HostError {
  return new HostError('PACKAGE_INVALID', `the entry ${quote(entry.path)} ${fault}`);
}
