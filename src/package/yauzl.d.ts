/** What yauzl 3.4 has and its published types (2.10) lack. */
import 'yauzl';

declare module 'yauzl' {
  interface Entry {
    /** The name as it stands in the central directory. */
    readonly fileNameRaw: Buffer;
  }
  interface LocalFileHeader {
    readonly fileDataStart: number;
    readonly generalPurposeBitFlag: number;
    readonly compressionMethod: number;
    readonly crc32: number;
    readonly compressedSize: number;
    readonly uncompressedSize: number;
    readonly fileName: Buffer;
  }
  interface ZipFile {
    eachEntry(): AsyncIterableIterator<Entry>;
    readLocalFileHeaderPromise(entry: Entry): Promise<LocalFileHeader>;
  }
  function fromBufferPromise(buffer: Buffer, options: Options): Promise<ZipFile>;
}
