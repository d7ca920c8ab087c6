/**
 * Rust's v0 mangling (RFC 2603, and the rustc book, "v0 symbol format"): `_R` and a path in a prefix notation, in which a part
 * may refer back to an earlier one. Crates' hashes and disambiguators are left out, as `rustc-demangle` does in its
 * alternate form.
 */

/** Deeper nesting is refused: names are the guest's, and references back make small ones say much. */
const MAX_DEPTH = 200;

const BASIC_TYPES: Readonly<Record<string, string>> = {
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

const SIGNED = 'aslxni';
const UNSIGNED = 'htmyoj';

class Malformed extends Error {}
class TooLong extends Error {}

/**
 * Undefined where the name is not mangled so.
 * @param maxLength what is longer is cut off there
 */
export function demangleV0(name: string, maxLength: number): string | undefined {
  const inner = /^_R([A-Z][\w]*)/.exec(name)?.[1];
  if (inner === undefined) return undefined;
  const demangler = new Demangler(inner, maxLength);
  try {
    demangler.path(true);
    return demangler.text;
  } catch (error) {
    if (error instanceof TooLong) return demangler.text;
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

class Demangler {
  text = '';
  readonly #name: string;
  readonly #maxLength: number;
  #at = 0;
  #depth = 0;
  /** Lifetimes that the binders around bind. */
  #bound = 0;
  #silent = 0;

  constructor(name: string, maxLength: number) {
    this.#name = name;
    this.#maxLength = maxLength;
  }

  /** @param inValue whether generic arguments follow `::`, as in an expression */
  path(inValue: boolean): void {
    this.#nested(() => this.#path(inValue));
  }

  #path(inValue: boolean): void {
    const tag = this.#next();
    switch (tag) {
      case 'C':
        this.#disambiguator();
        return this.#print(this.#identifier());
      case 'N':
        return this.#nestedPath(inValue);
      case 'M':
      case 'X':
        this.#implPath();
        return this.#qualified(tag === 'X');
      case 'Y':
        return this.#qualified(true);
      case 'I':
        this.path(inValue);
        this.#print(inValue ? '::<' : '<');
        this.#list(() => this.#genericArgument());
        return this.#print('>');
      case 'B':
        return this.#back(() => this.path(inValue));
      default:
        throw new Malformed();
    }
  }

  /** Where an impl stands is not told: its type says more. */
  #implPath(): void {
    this.#disambiguator();
    this.#silently(() => this.path(false));
  }

  #qualified(hasTrait: boolean): void {
    this.#print('<');
    this.#type();
    if (hasTrait) {
      this.#print(' as ');
      this.path(false);
    }
    this.#print('>');
  }

  /** Upper-case namespaces are of what has no name of its own: closures, shims. */
  #nestedPath(inValue: boolean): void {
    const namespace = this.#next();
    if (!/[a-zA-Z]/.test(namespace)) throw new Malformed();
    this.path(inValue);
    const disambiguator = this.#disambiguator();
    const name = this.#identifier();
    if (namespace >= 'a') return this.#print(name === '' ? '' : `::${name}`);
    const kind = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace;
    this.#print(`::{${kind}${name === '' ? '' : `:${name}`}#${disambiguator}}`);
  }

  #genericArgument(): void {
    if (this.#eat('L')) return this.#print(this.#lifetime(this.#base62()));
    if (this.#eat('K')) return this.#constant(false);
    this.#type();
  }

  #type(): void {
    this.#nested(() => this.#innerType());
  }

  #innerType(): void {
    const tag = this.#next();
    const basic = BASIC_TYPES[tag];
    if (basic !== undefined) return this.#print(basic);
    switch (tag) {
      case 'R':
      case 'Q':
        return this.#reference(tag);
      case 'P':
      case 'O':
        this.#print(tag === 'P' ? '*const ' : '*mut ');
        return this.#type();
      case 'A':
      case 'S':
        this.#print('[');
        this.#type();
        if (tag === 'A') {
          this.#print('; ');
          this.#constant(true);
        }
        return this.#print(']');
      case 'T':
        return this.#tuple(() => this.#type());
      case 'F':
        return this.#binder(() => this.#function());
      case 'D':
        return this.#dynamic();
      case 'B':
        return this.#back(() => this.#type());
      default:
        this.#at--;
        return this.path(false);
    }
  }

  #reference(tag: string): void {
    this.#print('&');
    if (this.#eat('L')) {
      const index = this.#base62();
      if (index > 0) this.#print(`${this.#lifetime(index)} `);
    }
    if (tag === 'Q') this.#print('mut ');
    this.#type();
  }

  #function(): void {
    const unsafe = this.#eat('U');
    const abi = this.#eat('K') ? (this.#eat('C') ? 'C' : this.#identifier().replaceAll('_', '-')) : undefined;
    this.#print(`${unsafe ? 'unsafe ' : ''}${abi === undefined ? '' : `extern "${abi}" `}fn(`);
    this.#list(() => this.#type());
    this.#print(')');
    if (this.#eat('u')) return;
    this.#print(' -> ');
    this.#type();
  }

  #dynamic(): void {
    this.#print('dyn ');
    this.#binder(() => {
      for (let first = true; !this.#eat('E'); first = false) {
        if (!first) this.#print(' + ');
        this.#dynamicTrait();
      }
    });
    if (!this.#eat('L')) throw new Malformed();
    const index = this.#base62();
    if (index > 0) this.#print(` + ${this.#lifetime(index)}`);
  }

  /** Associated types stand among the generic arguments. */
  #dynamicTrait(): void {
    let open = this.#openPath();
    while (this.#eat('p')) {
      this.#print(open ? ', ' : '<');
      open = true;
      this.#print(`${this.#identifier()} = `);
      this.#type();
    }
    if (open) this.#print('>');
  }

  /** A path whose generic arguments, where it has any, are left open; tells whether. */
  #openPath(): boolean {
    if (this.#eat('B')) {
      let open = false;
      this.#back(() => {
        open = this.#openPath();
      });
      return open;
    }
    if (!this.#eat('I')) {
      this.path(false);
      return false;
    }
    this.path(false);
    this.#print('<');
    this.#list(() => this.#genericArgument());
    return true;
  }

  /** `for<'a, 'b> …` */
  #binder(inside: () => void): void {
    const count = this.#eat('G') ? this.#base62() + 1 : 0;
    if (count > 0) {
      const names: string[] = [];
      for (let index = 0; index < Math.min(count, 32); index++) {
        this.#bound++;
        names.push(this.#lifetime(1));
      }
      this.#bound += count - names.length;
      this.#print(`for<${names.join(', ')}> `);
    }
    inside();
    this.#bound -= count;
  }

  /** Lifetimes are numbered from the innermost binder outwards, and named from the outermost inwards. */
  #lifetime(index: number): string {
    if (index === 0) return "'_";
    const depth = this.#bound - index;
    if (depth < 0) throw new Malformed();
    return depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'_${depth}`;
  }

  /** @param plain whether it needs no braces where it is no literal */
  #constant(plain: boolean): void {
    this.#nested(() => this.#innerConstant(plain));
  }

  #innerConstant(plain: boolean): void {
    const tag = this.#next();
    if (tag === 'p') return this.#print('_');
    if (tag === 'B') return this.#back(() => this.#constant(plain));
    if (UNSIGNED.includes(tag)) return this.#print(this.#integer());
    if (SIGNED.includes(tag)) return this.#print(`${this.#eat('n') ? '-' : ''}${this.#integer()}`);
    if (tag === 'b') return this.#print(this.#integer() === '0' ? 'false' : 'true');
    if (tag === 'c') return this.#print(characterText(Number(this.#integer())));
    this.#structure(tag, plain);
  }

  /** Constants that are no numbers, which are still unstable in Rust. */
  #structure(tag: string, plain: boolean): void {
    if (tag === 'R' && this.#eat('e')) return this.#print(stringText(this.#hex()));
    this.#print(plain ? '' : '{');
    switch (tag) {
      case 'e':
        this.#print(`*${stringText(this.#hex())}`);
        break;
      case 'R':
      case 'Q':
        this.#print(tag === 'R' ? '&' : '&mut ');
        this.#constant(true);
        break;
      case 'A':
        this.#print('[');
        this.#list(() => this.#constant(true));
        this.#print(']');
        break;
      case 'T':
        this.#tuple(() => this.#constant(true));
        break;
      case 'V':
        this.#variant();
        break;
      default:
        throw new Malformed();
    }
    this.#print(plain ? '' : '}');
  }

  #variant(): void {
    this.path(true);
    const kind = this.#next();
    if (kind === 'U') return;
    if (kind !== 'T' && kind !== 'S') throw new Malformed();
    this.#print(kind === 'T' ? '(' : ' { ');
    this.#list(() => {
      if (kind === 'S') {
        this.#disambiguator();
        this.#print(`${this.#identifier()}: `);
      }
      this.#constant(true);
    });
    this.#print(kind === 'T' ? ')' : ' }');
  }

  #integer(): string {
    return BigInt(`0x0${this.#hex()}`).toString();
  }

  #hex(): string {
    const digits = /^[0-9a-f]*/.exec(this.#name.slice(this.#at))?.[0] ?? '';
    this.#at += digits.length;
    if (!this.#eat('_')) throw new Malformed();
    return digits;
  }

  #tuple(item: () => void): void {
    this.#print('(');
    const count = this.#list(item);
    this.#print(count === 1 ? ',)' : ')');
  }

  /** Items up to `E`, with commas between them. */
  #list(item: () => void): number {
    let count = 0;
    for (; !this.#eat('E'); count++) {
      if (count > 0) this.#print(', ');
      item();
    }
    return count;
  }

  #disambiguator(): number {
    return this.#eat('s') ? this.#base62() + 1 : 0;
  }

  #identifier(): string {
    const isPunycode = this.#eat('u');
    const digits = /^(?:0|[1-9]\d{0,5})/.exec(this.#name.slice(this.#at, this.#at + 6))?.[0];
    if (digits === undefined) throw new Malformed();
    this.#at += digits.length;
    this.#eat('_');
    const end = this.#at + Number(digits);
    if (end > this.#name.length) throw new Malformed();
    const text = this.#name.slice(this.#at, end);
    this.#at = end;
    return isPunycode ? `punycode{${text}}` : text;
  }

  /** `_` is 0, `0_` is 1. Crates are told apart by 64 bits, which nobody looks at; all else is small. */
  #base62(): number {
    if (this.#eat('_')) return 0;
    let value = 0;
    for (let character = this.#next(); character !== '_'; character = this.#next()) {
      const digit = DIGITS.indexOf(character);
      value = value * 62 + digit;
      if (digit < 0 || value > 2 ** 64) throw new Malformed();
    }
    return value + 1;
  }

  /** Reads again what stands earlier in the name. */
  #back(read: () => void): void {
    const from = this.#at - 1;
    const target = this.#base62();
    if (target >= from) throw new Malformed();
    if (this.#silent > 0) return;
    const after = this.#at;
    this.#at = target;
    this.#nested(read);
    this.#at = after;
  }

  #nested(read: () => void): void {
    if (++this.#depth > MAX_DEPTH) throw new Malformed();
    read();
    this.#depth--;
  }

  #silently(read: () => void): void {
    this.#silent++;
    read();
    this.#silent--;
  }

  #print(text: string): void {
    if (this.#silent > 0) return;
    this.text += text;
    if (this.text.length > this.#maxLength) throw new TooLong();
  }

  #eat(character: string): boolean {
    if (this.#name[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #next(): string {
    const character = this.#name[this.#at++];
    if (character === undefined) throw new Malformed();
    return character;
  }
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function characterText(code: number): string {
  return code <= 0x10_ffff ? `'${JSON.stringify(String.fromCodePoint(code)).slice(1, -1)}'` : "'?'";
}

function stringText(hex: string): string {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return JSON.stringify(new TextDecoder().decode(bytes));
}
