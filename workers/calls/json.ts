/**
 * JSON texts (RFC 8259) that guests and callers hand over, looked at where they lie. Nothing is built from them: a parser makes
 * megabytes of objects out of a text of 4 MB with many keys, more than a worker's heap has, and the engine ends the whole
 * process then. The bytes are UTF-8, which those who hand them over have checked.
 */

export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

/** A member of the outermost object. */
export interface JsonMember {
  /** As text, escapes resolved; keys of more than 1 KB are cut off, and equal no key that anybody declares. */
  key: string;
  type: JsonType;
  /** Of a number; NaN otherwise. */
  number: number;
}

/** Nothing that people write is nested so deep; readers of other languages stop at 128 or more. */
const MAX_DEPTH = 128;
const MAX_KEY_BYTES = 1_024;
const MAX_NUMBER_BYTES = 512;

const OBJECT = 1;
const ARRAY = 2;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

const LITERALS = new Map<number, { text: Uint8Array; type: JsonType }>([
  [0x74, { text: Buffer.from('true'), type: 'boolean' }],
  [0x66, { text: Buffer.from('false'), type: 'boolean' }],
  [0x6e, { text: Buffer.from('null'), type: 'null' }],
]);
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** What may stand behind a backslash, besides `u`. */
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));

/** Whether the bytes are one JSON text. */
export function isJson(bytes: Uint8Array): boolean {
  return isPlain(bytes) || readJson(bytes) !== undefined;
}

/** A string without escapes, or a decimal number: most values of metadata, told without a reader. */
function isPlain(bytes: Uint8Array): boolean {
  const last = bytes.length - 1;
  if (bytes[0] !== QUOTE) return isPlainNumber(bytes);
  if (last < 1 || bytes[last] !== QUOTE) return false;
  for (let at = 1; at < last; at++) {
    const byte = bytes[at] as number;
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

/** Digits that do not begin with 0, and a fraction or none; what else is a number, the reader finds. */
function isPlainNumber(bytes: Uint8Array): boolean {
  let at = bytes[0] === MINUS ? 1 : 0;
  const whole = at;
  while (isDigit(bytes[at])) at++;
  if (at === whole || (bytes[whole] === ZERO && at - whole > 1)) return false;
  if (bytes[at] === POINT) {
    const fraction = ++at;
    while (isDigit(bytes[at])) at++;
    if (at === fraction) return false;
  }
  return at === bytes.length;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= 0x39;

/**
 * Reads one JSON text from its beginning to its end.
 *
 * @param visit told of each member of the outermost object, in order
 * @returns the type of the whole, or undefined when it is no JSON text
 */
export function readJson(bytes: Uint8Array, visit?: (member: JsonMember) => void): JsonType | undefined {
  return new JsonReader(bytes, visit).read();
}

class JsonReader {
  readonly #bytes: Uint8Array;
  readonly #visit: ((member: JsonMember) => void) | undefined;
  #stack: Uint8Array | undefined;
  #depth = 0;
  #at = 0;
  /** The key before the value that is read, while that is a member of the outermost object. */
  #key: string | undefined;

  constructor(bytes: Uint8Array, visit: ((member: JsonMember) => void) | undefined) {
    this.#bytes = bytes;
    this.#visit = visit;
  }

  read(): JsonType | undefined {
    this.#skipSpace();
    const first = typeAt(this.#bytes[this.#at]);
    do {
      if (!this.#value()) return undefined;
    } while (this.#next());
    return this.#depth === 0 && this.#at === this.#bytes.length ? first : undefined;
  }

  /** Reads a value, or the beginning of one that has parts. */
  #value(): boolean {
    const start = this.#at;
    const byte = this.#bytes[start];
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#tell(byte === OPEN_BRACE ? 'object' : 'array', Number.NaN);
      return this.#open(byte);
    }
    if (byte === QUOTE) {
      if (!this.#string()) return false;
      this.#tell('string', Number.NaN);
      return true;
    }
    const literal = byte === undefined ? undefined : LITERALS.get(byte);
    return literal === undefined ? this.#number() : this.#literal(literal);
  }

  /** An empty object or array is whole; of another one the first part follows. */
  #open(byte: number): boolean {
    if (this.#depth === MAX_DEPTH) return false;
    this.#at++;
    this.#skipSpace();
    const closing = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
    if (this.#bytes[this.#at] === closing) {
      this.#at++;
      return true;
    }
    this.#stack ??= new Uint8Array(MAX_DEPTH);
    this.#stack[this.#depth++] = byte === OPEN_BRACE ? OBJECT : ARRAY;
    if (byte === OPEN_BRACE && !this.#readKey()) return false;
    return this.#value();
  }

  /** After a value: closes what ends here. True when another value follows. */
  #next(): boolean {
    for (;;) {
      this.#skipSpace();
      if (this.#depth === 0) return false;
      const inObject = this.#stack?.[this.#depth - 1] === OBJECT;
      const byte = this.#bytes[this.#at];
      if (byte === COMMA) {
        this.#at++;
        this.#skipSpace();
        return inObject ? this.#readKey() : true;
      }
      if (byte !== (inObject ? CLOSE_BRACE : CLOSE_BRACKET)) return false;
      this.#at++;
      this.#depth--;
    }
  }

  #readKey(): boolean {
    const start = this.#at;
    if (this.#bytes[start] !== QUOTE || !this.#string()) return false;
    if (this.#depth === 1 && this.#visit !== undefined) this.#key = this.#text(start, this.#at);
    this.#skipSpace();
    if (this.#bytes[this.#at] !== COLON) return false;
    this.#at++;
    this.#skipSpace();
    return true;
  }

  #text(start: number, end: number): string {
    if (end - start <= MAX_KEY_BYTES)
      return JSON.parse(Buffer.from(this.#bytes.subarray(start, end)).toString()) as string;
    return `${Buffer.from(this.#bytes.subarray(start + 1, start + MAX_KEY_BYTES)).toString()}…`;
  }

  #tell(type: JsonType, number: number): void {
    if (this.#depth !== 1 || this.#key === undefined) return;
    this.#visit?.({ key: this.#key, type, number });
    this.#key = undefined;
  }

  #string(): boolean {
    const bytes = this.#bytes;
    for (let at = this.#at + 1; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (byte < SPACE) return false;
      if (byte !== BACKSLASH) continue;
      at++;
      if (bytes[at] === 0x75) {
        if (!isHex(bytes, at + 1)) return false;
        at += 4;
      } else if (!ESCAPES.has(bytes[at] as number)) return false;
    }
    return false;
  }

  #literal({ text, type }: { text: Uint8Array; type: JsonType }): boolean {
    const end = this.#at + text.length;
    if (Buffer.compare(this.#bytes.subarray(this.#at, end), text) !== 0) return false;
    this.#at = end;
    this.#tell(type, Number.NaN);
    return true;
  }

  #number(): boolean {
    const start = this.#at;
    let end = start;
    while (isPartOfNumber(this.#bytes[end])) end++;
    if (end === start || end - start > MAX_NUMBER_BYTES) return false;
    const text = Buffer.from(this.#bytes.subarray(start, end)).toString('latin1');
    if (!NUMBER.test(text)) return false;
    this.#at = end;
    this.#tell('number', Number(text));
    return true;
  }

  #skipSpace(): void {
    const bytes = this.#bytes;
    let byte = bytes[this.#at];
    while (byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.#at];
  }
}

function typeAt(byte: number | undefined): JsonType {
  if (byte === OPEN_BRACE) return 'object';
  if (byte === OPEN_BRACKET) return 'array';
  if (byte === QUOTE) return 'string';
  return (byte === undefined ? undefined : LITERALS.get(byte)?.type) ?? 'number';
}

/** Digits, signs, the point, and the exponent's letter. */
function isPartOfNumber(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x65;
}

function isHex(bytes: Uint8Array, start: number): boolean {
  for (let at = start; at < start + 4; at++) {
    const byte = (bytes[at] ?? 0) | 0x20;
    if (!((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66))) return false;
  }
  return true;
}
