const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Cuts what a guest writes to a stream into lines. A line that is not finished is kept, up to a bound. */
export class LineSplitter {
  readonly #emit: (line: Uint8Array, cutBytes: number) => void;
  readonly #partial: Uint8Array;
  #length = 0;
  #cut = 0;

  /** @param emit gets each line without its newline, valid until it returns, and how many bytes were cut off */
  constructor(maxLineBytes: number, emit: (line: Uint8Array, cutBytes: number) => void) {
    this.#emit = emit;
    this.#partial = new Uint8Array(maxLineBytes);
  }

  write(bytes: Uint8Array): void {
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      this.#keep(bytes.subarray(from, end));
      this.end(true);
      from = end + 1;
    }
    this.#keep(bytes.subarray(from));
  }

  /** Emits what is kept as a line of its own. An empty one only where a newline said so. */
  end(evenEmpty = false): void {
    if (this.#length === 0 && this.#cut === 0 && !evenEmpty) return;
    const returns = this.#cut === 0 && this.#partial[this.#length - 1] === CARRIAGE_RETURN;
    const length = returns ? this.#length - 1 : this.#length;
    const cut = this.#cut;
    this.#length = 0;
    this.#cut = 0;
    this.#emit(this.#partial.subarray(0, length), cut);
  }

  #keep(bytes: Uint8Array): void {
    const room = this.#partial.length - this.#length;
    const kept = bytes.length <= room ? bytes : bytes.subarray(0, room);
    this.#partial.set(kept, this.#length);
    this.#length += kept.length;
    this.#cut += bytes.length - kept.length;
  }
}
