/** Prepared modules on disk. What is damaged counts as absent: it can be prepared again. */

import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HEX_DIGEST } from './contents.js';
import { writeDataFile } from './data-file.js';
import { systemCode } from './durable-file.js';

/** An entry is this line, the sha256 of the content (32 bytes), the content. */
const HEADER = Buffer.from('hal9-prepared-1\n');
const CHECKSUM_BYTES = 32;

export class PreparedCache {
  readonly #directory: string;
  readonly #asideDirectory: string;

  /** @param directory of the entries; @param asideDirectory see `writeWhole`. Both exist. */
  constructor(directory: string, asideDirectory: string) {
    this.#directory = directory;
    this.#asideDirectory = asideDirectory;
  }

  /** What was put under that key, or undefined where there is nothing whole. */
  async get(key: string): Promise<Uint8Array | undefined> {
    let entry: Buffer;
    try {
      entry = await readFile(this.#path(key));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    const content = entry.subarray(HEADER.length + CHECKSUM_BYTES);
    const announced = entry.subarray(HEADER.length, HEADER.length + CHECKSUM_BYTES);
    const whole = entry.subarray(0, HEADER.length).equals(HEADER) && checksum(content).equals(announced);
    return whole ? content : undefined;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const entry = Buffer.concat([HEADER, checksum(bytes), bytes]);
    await writeDataFile(this.#path(key), entry, { asideDirectory: this.#asideDirectory, durable: false });
  }

  /** Removes every entry whose key is not among these, such as those of an older pipeline. Answers how many. */
  async retain(keys: ReadonlySet<string>): Promise<number> {
    const stale = (await readdir(this.#directory)).filter((name) => !keys.has(name));
    for (const name of stale) await rm(join(this.#directory, name), { force: true, recursive: true });
    return stale.length;
  }

  #path(key: string): string {
    if (!HEX_DIGEST.test(key)) throw new TypeError(`expected 64 hex digits as a key, found ${key.length} characters`);
    return join(this.#directory, key);
  }
}

function checksum(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
