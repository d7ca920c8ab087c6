/** A growing buffer for code: like Writer, but open, so that the loop that copies most of a module can write to it directly. */
export class Scratch {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(Math.max(1_024, capacity));
  }

  /** Makes room for that many bytes more. */
  reserve(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.length + bytes, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** A signed LEB128 of a safe integer. */
  signed(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest < -64 || rest > 63) {
      const low = ((rest % 128) + 128) % 128;
      this.bytes[this.length++] = low | 0x80;
      rest = (rest - low) / 128;
    }
    this.bytes[this.length++] = rest & 0x7f;
  }

  /** An opcode and an index. */
  op(opcode: number, index: number): void {
    this.u8(opcode);
    this.u32(index);
  }

  /** Copies `from[start, end)`. Most pieces are a few bytes long, where a loop beats a view. */
  copy(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    if (end - start > 48) {
      this.bytes.set(from.subarray(start, end), this.length);
      this.length += end - start;
      return;
    }
    const { bytes } = this;
    let at = this.length;
    for (let position = start; position < end; position++) bytes[at++] = from[position] as number;
    this.length = at;
  }

  /** What has been written, as a view. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
