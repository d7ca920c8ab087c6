import { HostError } from '../errors.js';
import { systemCode, type WriteOptions, writeWhole } from './durable-file.js';

/** No room: on the disk, in the user's quota, or within the largest size of a file. */
const FULL: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/**
 * Writes a file of the data directory, as `writeWhole`.
 *
 * @throws HostError DISK_FULL where there is no room; the file is as before
 */
export async function writeDataFile(path: string, bytes: Uint8Array | string, options: WriteOptions): Promise<void> {
  try {
    await writeWhole(path, bytes, options);
  } catch (cause) {
    if (!FULL.includes(systemCode(cause))) throw cause;
    const message = 'the disk of the data directory is full, and nothing has been written; make room, and try again';
    throw new HostError('DISK_FULL', message, { cause });
  }
}

/**
 * For what takes authority away and holds until the server ends, although the disk does not have it: says so.
 *
 * @param what has been done, such as `the key is revoked`
 */
export function onlyUntilRestart(error: unknown, what: string): unknown {
  if (!(error instanceof HostError) || error.reason !== 'DISK_FULL') return error;
  const message = `${what}, but only until the server ends: the disk of the data directory is full; make room, and repeat this`;
  return new HostError('DISK_FULL', message, { cause: error });
}
