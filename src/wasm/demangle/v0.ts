/**
 * Rust's v0 mangling (RFC 2603, and the rustc book, "v0 symbol format"): `_R` and a path in a prefix notation, in which a part
 * may refer back to an earlier one. Crates' hashes and disambiguators are left out, as `rustc-demangle` does in its
 * alternate form.
 */

import { BASIC_TYPES, characterText, Malformed, SymbolReader, stringText, TooLong } from './v0-symbol.js';

const SIGNED = 'aslxni';
const UNSIGNED = 'htmyoj';

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

class Demangler extends SymbolReader {
  /** Lifetimes that the binders around bind. */
  #bound = 0;

  /** @param inValue whether generic arguments follow `::`, as in an expression */
  path(inValue: boolean): void {
    this.nested(() => this.#path(inValue));
  }

  #path(inValue: boolean): void {
    const tag = this.next();
    switch (tag) {
      case 'C':
        this.disambiguator();
        return this.print(this.identifier());
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
        this.print(inValue ? '::<' : '<');
        this.list(() => this.#genericArgument());
        return this.print('>');
      case 'B':
        return this.back(() => this.path(inValue));
      default:
        throw new Malformed();
    }
  }

  /** Where an impl stands is not told: its type says more. */
  #implPath(): void {
    this.disambiguator();
    this.silently(() => this.path(false));
  }

  #qualified(hasTrait: boolean): void {
    this.print('<');
    this.#type();
    if (hasTrait) {
      this.print(' as ');
      this.path(false);
    }
    this.print('>');
  }

  /** Upper-case namespaces are of what has no name of its own: closures, shims. */
  #nestedPath(inValue: boolean): void {
    const namespace = this.next();
    if (!/[a-zA-Z]/.test(namespace)) throw new Malformed();
    this.path(inValue);
    const disambiguator = this.disambiguator();
    const name = this.identifier();
    if (namespace >= 'a') return this.print(name === '' ? '' : `::${name}`);
    const kind = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace;
    this.print(`::{${kind}${name === '' ? '' : `:${name}`}#${disambiguator}}`);
  }

  #genericArgument(): void {
    if (this.eat('L')) return this.print(this.#lifetime(this.base62()));
    if (this.eat('K')) return this.#constant(false);
    this.#type();
  }

  #type(): void {
    this.nested(() => this.#innerType());
  }

  #innerType(): void {
    const tag = this.next();
    const basic = BASIC_TYPES[tag];
    if (basic !== undefined) return this.print(basic);
    switch (tag) {
      case 'R':
      case 'Q':
        return this.#reference(tag);
      case 'P':
      case 'O':
        this.print(tag === 'P' ? '*const ' : '*mut ');
        return this.#type();
      case 'A':
      case 'S':
        this.print('[');
        this.#type();
        if (tag === 'A') {
          this.print('; ');
          this.#constant(true);
        }
        return this.print(']');
      case 'T':
        return this.tuple(() => this.#type());
      case 'F':
        return this.#binder(() => this.#function());
      case 'D':
        return this.#dynamic();
      case 'B':
        return this.back(() => this.#type());
      default:
        this.unread();
        return this.path(false);
    }
  }

  #reference(tag: string): void {
    this.print('&');
    if (this.eat('L')) {
      const index = this.base62();
      if (index > 0) this.print(`${this.#lifetime(index)} `);
    }
    if (tag === 'Q') this.print('mut ');
    this.#type();
  }

  #function(): void {
    const unsafe = this.eat('U');
    const abi = this.eat('K') ? (this.eat('C') ? 'C' : this.identifier().replaceAll('_', '-')) : undefined;
    this.print(`${unsafe ? 'unsafe ' : ''}${abi === undefined ? '' : `extern "${abi}" `}fn(`);
    this.list(() => this.#type());
    this.print(')');
    if (this.eat('u')) return;
    this.print(' -> ');
    this.#type();
  }

  #dynamic(): void {
    this.print('dyn ');
    this.#binder(() => {
      for (let first = true; !this.eat('E'); first = false) {
        if (!first) this.print(' + ');
        this.#dynamicTrait();
      }
    });
    if (!this.eat('L')) throw new Malformed();
    const index = this.base62();
    if (index > 0) this.print(` + ${this.#lifetime(index)}`);
  }

  /** Associated types stand among the generic arguments. */
  #dynamicTrait(): void {
    let open = this.#openPath();
    while (this.eat('p')) {
      this.print(open ? ', ' : '<');
      open = true;
      this.print(`${this.identifier()} = `);
      this.#type();
    }
    if (open) this.print('>');
  }

  /** A path whose generic arguments, where it has any, are left open; tells whether. */
  #openPath(): boolean {
    if (this.eat('B')) {
      let open = false;
      this.back(() => {
        open = this.#openPath();
      });
      return open;
    }
    if (!this.eat('I')) {
      this.path(false);
      return false;
    }
    this.path(false);
    this.print('<');
    this.list(() => this.#genericArgument());
    return true;
  }

  /** `for<'a, 'b> …` */
  #binder(inside: () => void): void {
    const count = this.eat('G') ? this.base62() + 1 : 0;
    if (count > 0) {
      const names: string[] = [];
      for (let index = 0; index < Math.min(count, 32); index++) {
        this.#bound++;
        names.push(this.#lifetime(1));
      }
      this.#bound += count - names.length;
      this.print(`for<${names.join(', ')}> `);
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
    this.nested(() => this.#innerConstant(plain));
  }

  #innerConstant(plain: boolean): void {
    const tag = this.next();
    if (tag === 'p') return this.print('_');
    if (tag === 'B') return this.back(() => this.#constant(plain));
    if (UNSIGNED.includes(tag)) return this.print(this.integer());
    if (SIGNED.includes(tag)) return this.print(`${this.eat('n') ? '-' : ''}${this.integer()}`);
    if (tag === 'b') return this.print(this.integer() === '0' ? 'false' : 'true');
    if (tag === 'c') return this.print(characterText(Number(this.integer())));
    this.#structure(tag, plain);
  }

  /** Constants that are no numbers, which are still unstable in Rust. */
  #structure(tag: string, plain: boolean): void {
    if (tag === 'R' && this.eat('e')) return this.print(stringText(this.hex()));
    this.print(plain ? '' : '{');
    switch (tag) {
      case 'e':
        this.print(`*${stringText(this.hex())}`);
        break;
      case 'R':
      case 'Q':
        this.print(tag === 'R' ? '&' : '&mut ');
        this.#constant(true);
        break;
      case 'A':
        this.print('[');
        this.list(() => this.#constant(true));
        this.print(']');
        break;
      case 'T':
        this.tuple(() => this.#constant(true));
        break;
      case 'V':
        this.#variant();
        break;
      default:
        throw new Malformed();
    }
    this.print(plain ? '' : '}');
  }

  #variant(): void {
    this.path(true);
    const kind = this.next();
    if (kind === 'U') return;
    if (kind !== 'T' && kind !== 'S') throw new Malformed();
    this.print(kind === 'T' ? '(' : ' { ');
    this.list(() => {
      if (kind === 'S') {
        this.disambiguator();
        this.print(`${this.identifier()}: `);
      }
      this.#constant(true);
    });
    this.print(kind === 'T' ? ')' : ' }');
  }
}
