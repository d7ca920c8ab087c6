/**
 * Reads the values that WebAssembly binaries are made of (core specification, section 5.2), from a range of bytes that is
 * hostile: every read is checked against the range's end, and a fault names the byte where it was found.
 */

import { HostError } from '../errors.js';
import { stands } from '../protocol/defences.js';

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A fault of the module's form, at a byte offset of the module. */
export function malformed(offset: number, message: string): HostError {
  return new HostError('MODULE_INVALID', `the WebAssembly module is malformed at byte ${offset}: ${message}`);
}

/** A count that passes its limit. */
export function tooMany(what: string, found: number, limit: number): HostError {
  return new HostError(
    'MODULE_LIMIT',
    `the WebAssembly module declares too much: at most ${limit} ${what}, found ${found}`,
  );
}

/** A cursor over `bytes[position, end)`. Offsets are those of the whole module. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** One byte. */
  u8(what: string): number {
    if (this.position >= this.end) throw malformed(this.position, `expected ${what}, found the end`);
    return this.bytes[this.position++] as number;
  }

  /** An unsigned LEB128 of 32 bits: at most five bytes, the unused bits of the fifth zero. */
  u32(what: string): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8(what);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    const last = this.u8(what);
    if (last > 0x0f) throw malformed(this.position - 1, `${what}: a LEB128 number of more than 32 bits`);
    return (value | (last << 28)) >>> 0;
  }

  /** Passes over a LEB128 of at most `maxBytes` bytes, signed or not. */
  skipLeb(what: string, maxBytes: number): void {
    for (let read = 0; read < maxBytes; read++) {
      if (this.u8(what) < 0x80) return;
    }
    throw malformed(this.position - 1, `${what}: a LEB128 number of more than ${maxBytes} bytes`);
  }

  /** Passes over `length` bytes and answers where they begin. */
  skip(length: number, what: string): number {
    if (length > this.remaining) {
      throw malformed(this.position, `${what}: expected ${length} bytes, found ${this.remaining}`);
    }
    const start = this.position;
    this.position += length;
    return start;
  }

  /**
   * The length of a vector whose elements take at least one byte each. It is refused before anything is allocated for it.
   * @param limit in elements; more is MODULE_LIMIT
   */
  count(what: string, limit: number): number {
    const count = this.u32(`the number of ${what}`);
    if (!stands('module-bounds')) return count;
    if (count > limit) throw tooMany(what, count, limit);
    if (count > this.remaining) {
      throw malformed(this.position, `${count} ${what} are announced, found ${this.remaining} bytes`);
    }
    return count;
  }

  /** A name: UTF-8 of at most `maxBytes` bytes. */
  name(what: string, maxBytes: number): string {
    const length = this.u32(`the length of ${what}`);
    if (length > maxBytes && stands('module-bounds')) throw tooMany(`bytes in ${what}`, length, maxBytes);
    const start = this.skip(length, what);
    try {
      return DECODER.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw malformed(start, `${what} is not UTF-8`);
    }
  }

  /** Insists that the range has been read to its end. */
  finish(what: string): void {
    if (!this.done) throw malformed(this.position, `${what} has ${this.remaining} bytes more than it declares`);
  }
}
