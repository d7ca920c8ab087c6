/** Values that differ from run to run of a seed only, for the differential test. */
export class RandomValues {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 to `below` - 1 (mulberry32). */
  int(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(values.length)] as T;
  }

  /** Empty, short, around the lengths at which the bindings change their way, or long; of one to four bytes a character. */
  text(): string {
    const length = this.pick([0, 1, 3, 4, 7, 8, 9, 20, 47, 127, 128, 129, 1_000, 20_000]);
    const alphabet = this.pick([
      'abcdefg {}"',
      'aé\u0000ß',
      'a€\u{10FFFF}\uFFFF',
      '\u{1F468}\u200D\u{1F469}é',
      'x\uFEFF',
    ]);
    const characters = [...alphabet];
    // A mark of byte order at the beginning is lost by the oracle, whose decoder takes it for one.
    return `a${Array.from({ length }, () => this.pick(characters)).join('')}`.slice(
      this.int(2) === 0 || alphabet.includes('\uFEFF') ? 0 : 1,
    );
  }

  bytes(): Uint8Array {
    return Uint8Array.from({ length: this.pick([0, 1, 63, 64, 65, 4_096, 70_000]) }, () => this.int(256));
  }

  list<T>(make: () => T): T[] {
    return Array.from({ length: this.pick([0, 1, 2, 3, 12]) }, make);
  }

  pairs(): [string, string][] {
    return this.list(() => [this.text(), this.text()]);
  }

  u64(): bigint {
    return this.pick([0n, 1n, 2n, 3n, 1n << 32n, (1n << 63n) + 3n, (1n << 64n) - 1n]);
  }

  float(): number {
    return this.pick([0, -0, 0.1, -1e300, Number.MAX_VALUE, Number.MIN_VALUE, Infinity, Number.NaN]);
  }
}
