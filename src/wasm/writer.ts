/** Writes the values that WebAssembly binaries are made of (core specification, section 5.2) into a buffer that grows. */

export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacityBytes what will probably be written; more makes the buffer grow */
  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(Math.max(16, capacityBytes));
  }

  get length(): number {
    return this.#length;
  }

  /** One byte. */
  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** An unsigned LEB128 of 32 bits, in as few bytes as it takes. */
  u32(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Copies bytes. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A section: its id, the length of its content, its content. */
  section(id: number, content: Uint8Array): void {
    this.u8(id);
    this.u32(content.length);
    this.raw(content);
  }

  /** What has been written, as a view that later writes do not change. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
