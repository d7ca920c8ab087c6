/**
 * What the rewriter must know of a module: its index spaces, where the parts of its sections lie, and its types with every form
 * that engines know. (`module.ts` models the modules that plugins may bring, and refuses more; metering is proved on all.)
 */

import { MODULE_LIMITS } from '../../limits.js';
import { skipValueType } from '../instructions.js';
import { malformed, Reader, tooMany } from '../reader.js';
import { readSections, SECTION, type Section, sectionName } from '../sections.js';
import { unsupported } from '../value-type.js';
import { checkIndex, skipConstantExpression } from './constants.js';

export const FUNCTION_FORM = 0x60;
const STRUCT_FORM = 0x5f;
const ARRAY_FORM = 0x5e;

/** One type. Offsets are the module's. */
export interface TypeEntry {
  readonly form: number;
  /** Index of its recursion group; a type outside of one is a group by itself. */
  readonly group: number;
  /** The whole entry, `sub` included. */
  readonly start: number;
  readonly end: number;
  /** The declared supertype, or -1; its index stands at [superStart, superEnd). */
  readonly superType: number;
  readonly superStart: number;
  readonly superEnd: number;
  /** Of a function type. */
  readonly params: number;
  readonly paramsStart: number;
  readonly paramsEnd: number;
  readonly results: number;
  readonly resultsStart: number;
  readonly resultsEnd: number;
  /** Of a struct type. */
  readonly fields: number;
}

export interface Group {
  readonly first: number;
  readonly count: number;
  /** Whether it is written as a group (`rec`). */
  readonly written: boolean;
}

export interface Table {
  readonly is64: boolean;
  readonly initial: number;
  readonly maximum: number | undefined;
  readonly imported: boolean;
  /** Its element type's bytes. */
  readonly typeStart: number;
  readonly typeEnd: number;
}

export interface Memory {
  readonly is64: boolean;
  readonly initial: number;
  readonly maximum: number | undefined;
  readonly imported: boolean;
}

export interface ImportEntry {
  readonly module: string;
  readonly name: string;
  readonly kind: number;
  /** Of a function or tag: its type, which stands at [typeStart, end). */
  readonly type: number;
  readonly start: number;
  readonly typeStart: number;
  readonly end: number;
}

export interface ExportEntry {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
  readonly start: number;
  readonly indexStart: number;
}

export interface Shape {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  types: TypeEntry[];
  groups: Group[];
  imports: ImportEntry[];
  exports: ExportEntry[];
  /** Type index of every function, imported ones first. */
  functions: number[];
  importedFunctions: number;
  tables: Table[];
  memories: Memory[];
  globals: number;
  importedGlobals: number;
  /** Type index of every tag. */
  tags: number[];
  importedTags: number;
  start: number;
  elementSegments: number;
  dataSegments: number;
  bodyStarts: number[];
  bodyEnds: number[];
}

/** Kinds of imports and exports. */
export const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

/**
 * Reads a module's shape. The module must be valid (an engine has validated it); what is read is checked all the same.
 * @throws HostError MODULE_INVALID, MODULE_LIMIT, NOT_IMPLEMENTED
 */
export function readShape(bytes: Uint8Array): Shape {
  const shape = emptyShape(bytes);
  for (const section of shape.sections) {
    const read = READERS.get(section.id);
    if (read === undefined) continue;
    const reader = new Reader(bytes, section.contentStart, section.end);
    read(reader, shape);
    reader.finish(`the ${sectionName(section.id)} section`);
  }
  const defined = shape.functions.length - shape.importedFunctions;
  if (shape.bodyStarts.length !== defined) {
    throw malformed(bytes.length, `expected ${defined} function bodies, found ${shape.bodyStarts.length}`);
  }
  return shape;
}

/** The type of a function. */
export function typeOfFunction(shape: Shape, index: number): TypeEntry {
  return shape.types[shape.functions[index] as number] as TypeEntry;
}

/** Reads a type index and insists that it is a function type's. */
export function readFunctionType(reader: Reader, shape: Shape): number {
  const offset = reader.position;
  const index = reader.u32('a type index');
  if (shape.types[index]?.form !== FUNCTION_FORM) throw malformed(offset, `type ${index} is no function type`);
  return index;
}

function emptyShape(bytes: Uint8Array): Shape {
  return {
    bytes,
    sections: readSections(bytes),
    types: [],
    groups: [],
    imports: [],
    exports: [],
    functions: [],
    importedFunctions: 0,
    tables: [],
    memories: [],
    globals: 0,
    importedGlobals: 0,
    tags: [],
    importedTags: 0,
    start: -1,
    elementSegments: 0,
    dataSegments: 0,
    bodyStarts: [],
    bodyEnds: [],
  };
}

const READERS = new Map<number, (reader: Reader, shape: Shape) => void>([
  [SECTION.type, readTypes],
  [SECTION.import, readImports],
  [SECTION.function, readFunctions],
  [SECTION.table, readTables],
  [SECTION.memory, readMemories],
  [SECTION.tag, readTags],
  [SECTION.global, readGlobals],
  [SECTION.export, readExports],
  [SECTION.start, readStart],
  [SECTION.element, (reader, shape) => readCount(reader, shape, 'elementSegments', MODULE_LIMITS.maxElementSegments)],
  [SECTION.dataCount, (reader) => void reader.u32('the number of data segments')],
  [SECTION.code, readBodies],
  [SECTION.data, (reader, shape) => readCount(reader, shape, 'dataSegments', MODULE_LIMITS.maxDataSegments)],
]);

function readTypes(reader: Reader, shape: Shape): void {
  for (let left = reader.count('types', MODULE_LIMITS.maxTypes); left > 0; left--) {
    const written = reader.bytes[reader.position] === 0x4e;
    if (written) reader.u8('a recursion group');
    const count = written ? reader.count('types', MODULE_LIMITS.maxTypes) : 1;
    const first = shape.types.length;
    if (first + count > MODULE_LIMITS.maxTypes) throw tooMany('types', first + count, MODULE_LIMITS.maxTypes);
    for (let index = 0; index < count; index++) shape.types.push(readType(reader, shape.groups.length));
    shape.groups.push({ first, count, written });
  }
}

/** `sub` (0x50) and `sub final` (0x4f) name at most one supertype; without them a type is final. */
function readType(reader: Reader, group: number): TypeEntry {
  const start = reader.position;
  let form = reader.u8('a type');
  let superType = -1;
  let superStart = 0;
  let superEnd = 0;
  if (form === 0x50 || form === 0x4f) {
    if (reader.count('supertypes', 1) === 1) {
      superStart = reader.position;
      superType = reader.u32('a supertype');
      superEnd = reader.position;
    }
    form = reader.u8('a type');
  }
  const params = readComposite(reader, form, start);
  const results = form === FUNCTION_FORM ? readValueTypes(reader) : { count: 0, start: 0, end: 0 };
  return {
    form,
    group,
    start,
    end: reader.position,
    superType,
    superStart,
    superEnd,
    params: params.count,
    paramsStart: params.start,
    paramsEnd: params.end,
    results: results.count,
    resultsStart: results.start,
    resultsEnd: results.end,
    fields: params.count,
  };
}

interface Vector {
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

/** The parameters of a function type, or the fields of a struct or array type. */
function readComposite(reader: Reader, form: number, offset: number): Vector {
  if (form === FUNCTION_FORM) return readValueTypes(reader);
  if (form === 0x65) throw unsupported(offset, 'a shared type (threads)');
  if (form !== STRUCT_FORM && form !== ARRAY_FORM) throw malformed(offset, `unknown type 0x${form.toString(16)}`);
  const count = form === ARRAY_FORM ? 1 : reader.count('fields', 10_000);
  const start = reader.position;
  for (let left = count; left > 0; left--) {
    skipValueType(reader);
    if (reader.u8('the mutability of a field') > 1) throw malformed(reader.position - 1, 'expected 0 or 1');
  }
  return { count, start, end: reader.position };
}

function readValueTypes(reader: Reader): Vector {
  const count = reader.count('parameters or results', MODULE_LIMITS.maxParameters);
  const start = reader.position;
  for (let left = count; left > 0; left--) skipValueType(reader);
  return { count, start, end: reader.position };
}

function readImports(reader: Reader, shape: Shape): void {
  for (let left = reader.count('imports', MODULE_LIMITS.maxImports); left > 0; left--) {
    const start = reader.position;
    const module = reader.name('the module of an import', MODULE_LIMITS.maxNameBytes);
    const name = reader.name('the name of an import', MODULE_LIMITS.maxNameBytes);
    const kind = reader.u8('the kind of an import');
    const { type, typeStart } = readImportType(reader, shape, kind);
    shape.imports.push({ module, name, kind, type, start, typeStart, end: reader.position });
  }
  shape.importedFunctions = shape.functions.length;
  shape.importedGlobals = shape.globals;
  shape.importedTags = shape.tags.length;
}

function readImportType(reader: Reader, shape: Shape, kind: number): { type: number; typeStart: number } {
  let typeStart = reader.position;
  switch (kind) {
    case KIND.function: {
      const type = readFunctionType(reader, shape);
      shape.functions.push(type);
      return { type, typeStart };
    }
    case KIND.table:
      shape.tables.push(readTable(reader, true));
      return { type: -1, typeStart };
    case KIND.memory:
      shape.memories.push(readMemory(reader, true));
      return { type: -1, typeStart };
    case KIND.global:
      skipGlobalType(reader);
      shape.globals++;
      return { type: -1, typeStart };
    case KIND.tag: {
      skipTagAttribute(reader);
      typeStart = reader.position;
      const type = readFunctionType(reader, shape);
      shape.tags.push(type);
      return { type, typeStart };
    }
    default:
      throw malformed(typeStart - 1, `unknown kind ${kind} of an import`);
  }
}

function readFunctions(reader: Reader, shape: Shape): void {
  for (let left = reader.count('functions', MODULE_LIMITS.maxFunctions); left > 0; left--) {
    shape.functions.push(readFunctionType(reader, shape));
  }
}

function readTables(reader: Reader, shape: Shape): void {
  for (let left = reader.count('tables', MODULE_LIMITS.maxTables); left > 0; left--) {
    const hasValue = reader.bytes[reader.position] === 0x40;
    if (hasValue) reader.skip(2, 'a table');
    shape.tables.push(readTable(reader, false));
    if (hasValue) skipConstantExpression(reader, shape);
  }
}

function readTable(reader: Reader, imported: boolean): Table {
  const typeStart = reader.position;
  skipValueType(reader);
  const typeEnd = reader.position;
  return { typeStart, typeEnd, imported, ...readLimits(reader, 'table') };
}

function readMemories(reader: Reader, shape: Shape): void {
  for (let left = reader.count('memories', MODULE_LIMITS.maxMemories); left > 0; left--) {
    shape.memories.push(readMemory(reader, false));
  }
}

function readMemory(reader: Reader, imported: boolean): Memory {
  return { imported, ...readLimits(reader, 'memory') };
}

/** Flags: 1 a maximum follows, 2 shared, 4 64-bit indexes, 8 a page size of its own. */
function readLimits(reader: Reader, what: string): { is64: boolean; initial: number; maximum: number | undefined } {
  const offset = reader.position;
  const flags = reader.u8(`the flags of a ${what}`);
  if ((flags & 2) !== 0) throw unsupported(offset, `a shared ${what} (threads)`);
  if (flags > 5) throw unsupported(offset, `a ${what} with the flags 0x${flags.toString(16)}`);
  const is64 = (flags & 4) !== 0;
  const read = (): number => (is64 ? readU64(reader) : reader.u32(`the size of a ${what}`));
  const initial = read();
  return { is64, initial, maximum: (flags & 1) !== 0 ? read() : undefined };
}

/** An unsigned LEB128 of 64 bits, as the nearest number. */
function readU64(reader: Reader): number {
  let value = 0;
  for (let scale = 1, read = 0; read < 10; read++, scale *= 128) {
    const byte = reader.u8('a size');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw malformed(reader.position, 'a LEB128 number of more than 64 bits');
}

function readTags(reader: Reader, shape: Shape): void {
  for (let left = reader.count('tags', MODULE_LIMITS.maxTags); left > 0; left--) {
    skipTagAttribute(reader);
    shape.tags.push(readFunctionType(reader, shape));
  }
}

function skipTagAttribute(reader: Reader): void {
  if (reader.u8('the attribute of a tag') !== 0)
    throw malformed(reader.position - 1, 'expected 0 as the attribute of a tag');
}

function readGlobals(reader: Reader, shape: Shape): void {
  for (let left = reader.count('globals', MODULE_LIMITS.maxGlobals); left > 0; left--) {
    skipGlobalType(reader);
    skipConstantExpression(reader, shape);
    shape.globals++;
  }
}

export function skipGlobalType(reader: Reader): void {
  skipValueType(reader);
  const offset = reader.position;
  const flags = reader.u8('the mutability of a global');
  if ((flags & 2) !== 0) throw unsupported(offset, 'a shared global (threads)');
  if (flags > 1) throw malformed(offset, `expected 0 or 1 as the mutability of a global, found ${flags}`);
}

function readExports(reader: Reader, shape: Shape): void {
  for (let left = reader.count('exports', MODULE_LIMITS.maxExports); left > 0; left--) {
    const start = reader.position;
    const name = reader.name('the name of an export', MODULE_LIMITS.maxNameBytes);
    const kind = reader.u8('the kind of an export');
    const indexStart = reader.position;
    const index = reader.u32('the index of an export');
    if (kind > KIND.tag) throw malformed(indexStart - 1, `unknown kind ${kind} of an export`);
    if (kind === KIND.function) checkIndex(index, shape.functions.length, 'function', indexStart);
    shape.exports.push({ name, kind, index, start, indexStart });
  }
}

function readStart(reader: Reader, shape: Shape): void {
  const offset = reader.position;
  shape.start = reader.u32('the start function');
  checkIndex(shape.start, shape.functions.length, 'function', offset);
}

function readCount(reader: Reader, shape: Shape, field: 'elementSegments' | 'dataSegments', limit: number): void {
  shape[field] = reader.count('segments', limit);
  reader.skip(reader.remaining, 'segments');
}

function readBodies(reader: Reader, shape: Shape): void {
  for (let left = reader.count('function bodies', MODULE_LIMITS.maxFunctions); left > 0; left--) {
    const length = reader.u32('the length of a function body');
    if (length > MODULE_LIMITS.maxFunctionBytes) {
      throw tooMany('bytes in a function body', length, MODULE_LIMITS.maxFunctionBytes);
    }
    const start = reader.skip(length, 'a function body');
    shape.bodyStarts.push(start);
    shape.bodyEnds.push(start + length);
  }
}
