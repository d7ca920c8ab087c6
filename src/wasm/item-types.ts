/** How a module describes its items: kinds, function types, sizes of memories and tables, global types (core specification, 5.3). */

import { MODULE_LIMITS } from '../limits.js';
import { malformed, type Reader } from './reader.js';
import { checkValueType, isReferenceType, unsupported } from './value-type.js';

/** Bytes of one page of a memory. */
export const PAGE_BYTES = 65_536;
/** A 32-bit memory has at most this many pages. */
const MAX_PAGES = 65_536;

export type ItemKind = 'function' | 'table' | 'memory' | 'global' | 'tag';

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: ItemKind;
  /** Index of its type, for functions and tags; -1 for others. */
  readonly type: number;
}

export interface Export {
  readonly name: string;
  readonly kind: ItemKind;
  readonly index: number;
}

const KINDS: readonly ItemKind[] = ['function', 'table', 'memory', 'global', 'tag'];

/** Parameters and results as value-type bytes: views of the module's bytes. */
export interface FunctionType {
  readonly params: Uint8Array;
  readonly results: Uint8Array;
}

/** The size of a memory in pages, or of a table in slots. */
export interface Size {
  readonly initial: number;
  readonly maximum: number | undefined;
}

export interface Table extends Size {
  readonly elementType: number;
}

export interface Global {
  readonly type: number;
  readonly mutable: boolean;
}

/** What kind an import or export is. */
export function readKind(reader: Reader): ItemKind {
  const offset = reader.position;
  const kind = KINDS[reader.u8('the kind of an item')];
  if (kind === undefined) throw malformed(offset, 'expected the kind of an item (0 to 4)');
  return kind;
}

/** A vector of value types, as a view. */
export function readValueTypes(reader: Reader, what: string): Uint8Array {
  const count = reader.count(`${what} of a function type`, MODULE_LIMITS.maxParameters);
  const start = reader.skip(count, what);
  const types = reader.bytes.subarray(start, start + count);
  for (let index = 0; index < count; index++) checkValueType(types[index] as number, start + index);
  return types;
}

/** A table's element type and size. */
export function readTable(reader: Reader): Table {
  const offset = reader.position;
  const elementType = reader.u8('the element type of a table');
  if (elementType === 0x40) throw unsupported(offset, 'a table with an initial value');
  if (!isReferenceType(elementType)) {
    checkValueType(elementType, offset);
    throw malformed(offset, `expected funcref or externref as the type of a table's elements`);
  }
  return { elementType, ...readSize(reader, 'table', 0xffff_ffff) };
}

/** A memory's size. */
export function readMemory(reader: Reader): Size {
  return readSize(reader, 'memory', MAX_PAGES);
}

/** Flags: 1 a maximum follows, 2 shared, 4 64-bit indexes, 8 a page size of its own. */
function readSize(reader: Reader, what: string, most: number): Size {
  const offset = reader.position;
  const flags = reader.u8(`the flags of a ${what}`);
  if ((flags & 2) !== 0) throw unsupported(offset, `a shared ${what}`);
  if ((flags & 4) !== 0) throw unsupported(offset, `a 64-bit ${what}`);
  if ((flags & 8) !== 0) throw unsupported(offset, `a ${what} with a page size of its own`);
  if (flags > 1) throw malformed(offset, `unknown flags 0x${flags.toString(16)} of a ${what}`);
  const initial = reader.u32(`the initial size of a ${what}`);
  const maximum = flags === 1 ? reader.u32(`the maximum size of a ${what}`) : undefined;
  if (initial > most || (maximum !== undefined && (maximum > most || maximum < initial))) {
    throw malformed(offset, `a ${what} of initially ${initial} and at most ${maximum ?? most} is impossible`);
  }
  return { initial, maximum };
}

/** A global's type and mutability. */
export function readGlobalType(reader: Reader): Global {
  const offset = reader.position;
  const type = reader.u8('the type of a global');
  checkValueType(type, offset);
  const mutable = reader.u8('the mutability of a global');
  if ((mutable & 2) !== 0) throw unsupported(offset, 'a shared global');
  if (mutable > 1) throw malformed(offset + 1, `expected 0 or 1 as the mutability of a global, found ${mutable}`);
  return { type, mutable: mutable === 1 };
}
