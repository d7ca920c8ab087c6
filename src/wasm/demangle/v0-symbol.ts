/** What every part of a name in Rust's v0 mangling is made of, and what is written for it. */

/** Deeper nesting is refused: names are the guest's, and references back make small ones say much. */
const MAX_DEPTH = 200;

export const BASIC_TYPES: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
};

/** The name is not mangled so. */
export class Malformed extends Error {}
/** More was written than is wanted. */
export class TooLong extends Error {}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Reads a name from its beginning to its end, and takes what is written for it. */
export class SymbolReader {
  text = '';
  readonly #name: string;
  readonly #maxLength: number;
  #at = 0;
  #depth = 0;
  #silent = 0;

  constructor(name: string, maxLength: number) {
    this.#name = name;
    this.#maxLength = maxLength;
  }

  integer(): string {
    return BigInt(`0x0${this.hex()}`).toString();
  }

  hex(): string {
    const digits = /^[0-9a-f]*/.exec(this.#name.slice(this.#at))?.[0] ?? '';
    this.#at += digits.length;
    if (!this.eat('_')) throw new Malformed();
    return digits;
  }

  /** `(a, b)`, and `(a,)`. */
  tuple(item: () => void): void {
    this.print('(');
    const count = this.list(item);
    this.print(count === 1 ? ',)' : ')');
  }

  /** Items up to `E`, with commas between them. */
  list(item: () => void): number {
    let count = 0;
    for (; !this.eat('E'); count++) {
      if (count > 0) this.print(', ');
      item();
    }
    return count;
  }

  disambiguator(): number {
    return this.eat('s') ? this.base62() + 1 : 0;
  }

  identifier(): string {
    const isPunycode = this.eat('u');
    const digits = /^(?:0|[1-9]\d{0,5})/.exec(this.#name.slice(this.#at, this.#at + 6))?.[0];
    if (digits === undefined) throw new Malformed();
    this.#at += digits.length;
    this.eat('_');
    const end = this.#at + Number(digits);
    if (end > this.#name.length) throw new Malformed();
    const text = this.#name.slice(this.#at, end);
    this.#at = end;
    return isPunycode ? `punycode{${text}}` : text;
  }

  /** `_` is 0, `0_` is 1. Crates are told apart by 64 bits, which nobody looks at; all else is small. */
  base62(): number {
    if (this.eat('_')) return 0;
    let value = 0;
    for (let character = this.next(); character !== '_'; character = this.next()) {
      const digit = DIGITS.indexOf(character);
      value = value * 62 + digit;
      if (digit < 0 || value > 2 ** 64) throw new Malformed();
    }
    return value + 1;
  }

  nested(read: () => void): void {
    if (++this.#depth > MAX_DEPTH) throw new Malformed();
    read();
    this.#depth--;
  }

  silently(read: () => void): void {
    this.#silent++;
    read();
    this.#silent--;
  }

  print(text: string): void {
    if (this.#silent > 0) return;
    this.text += text;
    if (this.text.length > this.#maxLength) throw new TooLong();
  }

  /** Passes over a character where it is that one. */
  eat(character: string): boolean {
    if (this.#name[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** Goes back by one character. */
  unread(): void {
    this.#at--;
  }

  next(): string {
    const character = this.#name[this.#at++];
    if (character === undefined) throw new Malformed();
    return character;
  }

  /** Reads again what stands earlier in the name. */
  back(read: () => void): void {
    const from = this.#at - 1;
    const target = this.base62();
    if (target >= from) throw new Malformed();
    if (this.#silent > 0) return;
    const after = this.#at;
    this.#at = target;
    this.nested(read);
    this.#at = after;
  }
}

/** A character as a literal. */
export function characterText(code: number): string {
  return code <= 0x10_ffff ? `'${JSON.stringify(String.fromCodePoint(code)).slice(1, -1)}'` : "'?'";
}

/** A string as a literal, from its bytes in hexadecimal. */
export function stringText(hex: string): string {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return JSON.stringify(new TextDecoder().decode(bytes));
}
