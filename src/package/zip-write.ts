/** Writes files as a `.hal9` file. */

import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

/** 1980-01-01, the first day that ZIP knows: the same files give the same bytes. */
const MODIFIED = new Date(1980, 0, 1);

/** A ZIP file of these files, in the order of their paths. */
export async function zipFiles(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const zip = new ZipFile();
  for (const path of [...files.keys()].sort()) {
    const content = files.get(path) as Uint8Array;
    zip.addBuffer(Buffer.from(content.buffer, content.byteOffset, content.length), path, {
      mtime: MODIFIED,
      mode: 0o100644,
      compress: true,
    });
  }
  zip.end();
  return buffer(zip.outputStream);
}
