import { isUtf8 } from 'node:buffer';
import { stands } from '../../src/protocol/defences.js';

/** Up to this many bytes a loop is faster than calls into the runtime (Node 20: 100 ns to copy, 50 ns to check). */
const SHORT_BYTES = 128;
/** The high bits of four bytes: all of them 0 in ASCII. */
const NOT_ASCII = 0x8080_8080;
const NO_BYTES = new Uint8Array(0);

/**
 * Copies bytes out of a guest's memory. The caller has checked that they lie in it; nobody else writes to a copy.
 * Copies share chunks, as Node's own Buffers do: one allocation instead of one a string.
 */
export class ByteCopies {
  readonly #chunkBytes: number;
  readonly #maxPooledBytes: number;
  #chunk: DataView;
  #used = 0;

  /** @param maxPooledBytes what is longer gets memory of its own */
  constructor(chunkBytes: number, maxPooledBytes: number) {
    this.#chunkBytes = chunkBytes;
    this.#maxPooledBytes = maxPooledBytes;
    this.#chunk = new DataView(new ArrayBuffer(chunkBytes));
  }

  /** Nobody needs the copies that were made until now: their room may be used again. */
  reuse(): void {
    this.#used = 0;
  }

  /** Undefined when the bytes are not UTF-8. */
  text(memory: DataView, start: number, size: number): Uint8Array | undefined {
    if (size === 0) return NO_BYTES;
    const copy = this.#room(size);
    if (size > SHORT_BYTES) copy.set(new Uint8Array(memory.buffer, start, size));
    else if (this.#copyShort(memory, start, copy)) return copy;
    return isUtf8(copy) || !stands('utf8') ? copy : undefined;
  }

  bytes(memory: DataView, start: number, size: number): Uint8Array {
    if (size === 0) return NO_BYTES;
    const copy = this.#room(size);
    copy.set(new Uint8Array(memory.buffer, start, size));
    return copy;
  }

  /** Copies bytes to where `#room` has just made some, four at a time; whether they were all ASCII. */
  #copyShort(from: DataView, start: number, copy: Uint8Array): boolean {
    const to = this.#chunk;
    const size = copy.length;
    const at = copy.byteOffset;
    let seen = 0;
    let i = 0;
    for (; i + 4 <= size; i += 4) {
      const word = from.getInt32(start + i, true);
      seen |= word;
      to.setInt32(at + i, word, true);
    }
    for (; i < size; i++) {
      const byte = from.getUint8(start + i);
      seen |= byte;
      to.setUint8(at + i, byte);
    }
    return (seen & NOT_ASCII) === 0;
  }

  /** Fresh bytes; small ones are cut from a chunk. */
  #room(size: number): Uint8Array {
    if (size > this.#maxPooledBytes) return new Uint8Array(size);
    if (this.#used + size > this.#chunkBytes) {
      this.#chunk = new DataView(new ArrayBuffer(this.#chunkBytes));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += size;
    return new Uint8Array(this.#chunk.buffer, start, size);
  }
}

/** The bytes, and whatever else lies behind them in the same buffer: what a copy without their length would take along. */
export function withAllBehind(bytes: Uint8Array, most: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, Math.min(most, bytes.buffer.byteLength - bytes.byteOffset));
}
