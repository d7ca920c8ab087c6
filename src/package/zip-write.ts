/** Writes files as a `.hal9` file. */

import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

/** A ZIP file of these files, in the order of their paths. */
export async function zipFiles(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const zip = new ZipFile();
  // 1980-01-01, the first day that ZIP knows, and written as DOS wrote it, without a time zone: equal files give equal bytes.
  const mtime = new Date(1980, 0, 1);
  for (const path of [...files.keys()].sort()) {
    const content = files.get(path) as Uint8Array;
    zip.addBuffer(Buffer.from(content.buffer, content.byteOffset, content.length), path, {
      mtime,
      forceDosTimestamp: true,
      mode: 0o100644,
      compress: true,
    });
  }
  zip.end();
  return buffer(zip.outputStream);
}
