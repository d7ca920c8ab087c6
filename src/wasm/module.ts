/**
 * The model of a core WebAssembly module: what it declares, and where its function bodies and custom sections lie.
 *
 * It is read in one pass, linear in the input, without recursion; each count is held against MODULE_LIMITS before anything is
 * allocated for it. Function bodies, element and data segments are not looked into: the engine validates those.
 * What is refused here although engines may take it: shared memories and tables, 64-bit memories and tables, custom page
 * sizes, typed references, garbage-collected types.
 */

import { MODULE_LIMITS } from '../limits.js';
import { skipConstantExpression } from './constant-expression.js';
import { malformed, Reader, tooMany } from './reader.js';
import { readSections, SECTION, type Section, sectionName } from './sections.js';
import { checkValueType, isReferenceType, unsupported } from './value-type.js';

/** Bytes of one page of a memory. */
export const PAGE_BYTES = 65_536;
/** A 32-bit memory has at most this many pages. */
const MAX_PAGES = 65_536;

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

/** Index spaces hold what is imported first, then what is defined. Offsets are those of `bytes`. */
export interface Module {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  /** The type index of every function, imported ones included. */
  readonly functions: Uint32Array;
  readonly importedFunctions: number;
  readonly tables: readonly Table[];
  readonly importedTables: number;
  readonly memories: readonly Size[];
  readonly importedMemories: number;
  readonly globals: readonly Global[];
  readonly importedGlobals: number;
  readonly tags: number;
  readonly exports: readonly Export[];
  readonly start: number | undefined;
  readonly elementSegments: number;
  readonly dataSegments: number;
  /** Where each defined function's body (locals and code) begins, and ends (exclusive). */
  readonly bodyStarts: Uint32Array;
  readonly bodyEnds: Uint32Array;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Draft extends Mutable<Module> {
  types: FunctionType[];
  imports: Import[];
  tables: Table[];
  memories: Size[];
  globals: Global[];
  exports: Export[];
  definedFunctions: Uint32Array;
}

const KINDS: readonly ItemKind[] = ['function', 'table', 'memory', 'global', 'tag'];

/**
 * Reads a core module.
 * @throws HostError MODULE_INVALID (malformed, or a feature that plugins may not use), MODULE_LIMIT (a count), NOT_IMPLEMENTED (a
 *   component)
 */
export function readModule(bytes: Uint8Array): Module {
  const draft = emptyDraft(bytes, readSections(bytes));
  for (const section of draft.sections) {
    const read = READERS.get(section.id);
    if (read === undefined) continue;
    const reader = new Reader(bytes, section.contentStart, section.end);
    read(reader, draft);
    reader.finish(`the ${sectionName(section.id)} section`);
  }
  if (draft.bodyStarts.length !== draft.definedFunctions.length) {
    throw malformed(
      bytes.length,
      `expected ${draft.definedFunctions.length} function bodies, found ${draft.bodyStarts.length}`,
    );
  }
  checkIndexes(draft);
  return draft;
}

/** The type of a function, which must exist. */
export function functionType(module: Module, index: number): FunctionType {
  return module.types[module.functions[index] as number] as FunctionType;
}

function emptyDraft(bytes: Uint8Array, sections: Section[]): Draft {
  const none = new Uint32Array(0);
  return {
    bytes,
    sections,
    types: [],
    imports: [],
    functions: none,
    importedFunctions: 0,
    definedFunctions: none,
    tables: [],
    importedTables: 0,
    memories: [],
    importedMemories: 0,
    globals: [],
    importedGlobals: 0,
    tags: 0,
    exports: [],
    start: undefined,
    elementSegments: 0,
    dataSegments: 0,
    bodyStarts: none,
    bodyEnds: none,
  };
}

/** One reader for each section that is looked into. */
const READERS = new Map<number, (reader: Reader, draft: Draft) => void>([
  [SECTION.type, readTypes],
  [SECTION.import, readImports],
  [SECTION.function, readFunctions],
  [SECTION.table, readTables],
  [SECTION.memory, readMemories],
  [SECTION.tag, readTags],
  [SECTION.global, readGlobals],
  [SECTION.export, readExports],
  [SECTION.start, readStart],
  [
    SECTION.element,
    (reader, draft) => countSegments(reader, draft, 'elementSegments', MODULE_LIMITS.maxElementSegments),
  ],
  [SECTION.code, readBodies],
  [SECTION.data, (reader, draft) => countSegments(reader, draft, 'dataSegments', MODULE_LIMITS.maxDataSegments)],
]);

function readTypes(reader: Reader, draft: Draft): void {
  for (let left = reader.count('types', MODULE_LIMITS.maxTypes); left > 0; left--) {
    const offset = reader.position;
    const form = reader.u8('a type');
    if (form >= 0x4e && form <= 0x5f) throw unsupported(offset, 'garbage-collected or recursive types');
    if (form !== 0x60) throw malformed(offset, `expected a function type (0x60), found 0x${form.toString(16)}`);
    draft.types.push({ params: readValueTypes(reader, 'parameters'), results: readValueTypes(reader, 'results') });
  }
}

function readValueTypes(reader: Reader, what: string): Uint8Array {
  const count = reader.count(`${what} of a function type`, MODULE_LIMITS.maxParameters);
  const start = reader.skip(count, what);
  const types = reader.bytes.subarray(start, start + count);
  for (let index = 0; index < count; index++) checkValueType(types[index] as number, start + index);
  return types;
}

function readImports(reader: Reader, draft: Draft): void {
  const imported: number[] = [];
  for (let left = reader.count('imports', MODULE_LIMITS.maxImports); left > 0; left--) {
    const module = reader.name('the module of an import', MODULE_LIMITS.maxNameBytes);
    const name = reader.name('the name of an import', MODULE_LIMITS.maxNameBytes);
    const kind = readKind(reader);
    const type = readImportType(reader, draft, kind);
    if (kind === 'function') imported.push(type);
    draft.imports.push({ module, name, kind, type });
  }
  draft.functions = Uint32Array.from(imported);
  draft.importedFunctions = imported.length;
  draft.importedTables = draft.tables.length;
  draft.importedMemories = draft.memories.length;
  draft.importedGlobals = draft.globals.length;
}

function readKind(reader: Reader): ItemKind {
  const offset = reader.position;
  const kind = KINDS[reader.u8('the kind of an item')];
  if (kind === undefined) throw malformed(offset, 'expected the kind of an item (0 to 4)');
  return kind;
}

/** Reads what an import describes; answers the type index of a function or tag, else -1. */
function readImportType(reader: Reader, draft: Draft, kind: ItemKind): number {
  switch (kind) {
    case 'function':
      return readTypeIndex(reader, draft);
    case 'tag':
      draft.tags++;
      return readTagType(reader, draft);
    case 'table':
      draft.tables.push(readTable(reader));
      return -1;
    case 'memory':
      draft.memories.push(readMemory(reader));
      return -1;
    case 'global':
      draft.globals.push(readGlobalType(reader));
      return -1;
  }
}

function readTypeIndex(reader: Reader, draft: Draft): number {
  const offset = reader.position;
  const index = reader.u32('a type index');
  if (index >= draft.types.length)
    throw malformed(offset, `type ${index} is not among the ${draft.types.length} types`);
  return index;
}

function readFunctions(reader: Reader, draft: Draft): void {
  const count = reader.count('functions', MODULE_LIMITS.maxFunctions);
  const types = new Uint32Array(count);
  for (let index = 0; index < count; index++) types[index] = readTypeIndex(reader, draft);
  draft.definedFunctions = types;
  const all = new Uint32Array(draft.importedFunctions + count);
  all.set(draft.functions);
  all.set(types, draft.importedFunctions);
  draft.functions = all;
}

function readTables(reader: Reader, draft: Draft): void {
  for (let left = reader.count('tables', MODULE_LIMITS.maxTables); left > 0; left--)
    draft.tables.push(readTable(reader));
}

function readTable(reader: Reader): Table {
  const offset = reader.position;
  const elementType = reader.u8('the element type of a table');
  if (elementType === 0x40) throw unsupported(offset, 'a table with an initial value');
  if (!isReferenceType(elementType)) {
    checkValueType(elementType, offset);
    throw malformed(offset, `expected funcref or externref as the type of a table's elements`);
  }
  return { elementType, ...readSize(reader, 'table', 0xffff_ffff) };
}

function readMemories(reader: Reader, draft: Draft): void {
  for (let left = reader.count('memories', MODULE_LIMITS.maxMemories); left > 0; left--) {
    draft.memories.push(readMemory(reader));
  }
}

function readMemory(reader: Reader): Size {
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

function readTags(reader: Reader, draft: Draft): void {
  for (let left = reader.count('tags', MODULE_LIMITS.maxTags); left > 0; left--) {
    readTagType(reader, draft);
    draft.tags++;
  }
}

function readTagType(reader: Reader, draft: Draft): number {
  const offset = reader.position;
  if (reader.u8('the attribute of a tag') !== 0) throw malformed(offset, 'expected 0 as the attribute of a tag');
  return readTypeIndex(reader, draft);
}

function readGlobals(reader: Reader, draft: Draft): void {
  for (let left = reader.count('globals', MODULE_LIMITS.maxGlobals); left > 0; left--) {
    draft.globals.push(readGlobalType(reader));
    skipConstantExpression(reader);
  }
}

function readGlobalType(reader: Reader): Global {
  const offset = reader.position;
  const type = reader.u8('the type of a global');
  checkValueType(type, offset);
  const mutable = reader.u8('the mutability of a global');
  if ((mutable & 2) !== 0) throw unsupported(offset, 'a shared global');
  if (mutable > 1) throw malformed(offset + 1, `expected 0 or 1 as the mutability of a global, found ${mutable}`);
  return { type, mutable: mutable === 1 };
}

function readExports(reader: Reader, draft: Draft): void {
  const names = new Set<string>();
  for (let left = reader.count('exports', MODULE_LIMITS.maxExports); left > 0; left--) {
    const offset = reader.position;
    const name = reader.name('the name of an export', MODULE_LIMITS.maxNameBytes);
    if (names.has(name)) throw malformed(offset, `the export ${JSON.stringify(name)} is there twice`);
    names.add(name);
    draft.exports.push({ name, kind: readKind(reader), index: reader.u32('the index of an export') });
  }
}

function readStart(reader: Reader, draft: Draft): void {
  draft.start = reader.u32('the start function');
}

/** Passes over segments: only their number is held against a limit. */
function countSegments(reader: Reader, draft: Draft, field: 'elementSegments' | 'dataSegments', limit: number): void {
  draft[field] = reader.count(field === 'dataSegments' ? 'data segments' : 'element segments', limit);
  reader.skip(reader.remaining, 'segments');
}

function readBodies(reader: Reader, draft: Draft): void {
  const count = reader.count('function bodies', MODULE_LIMITS.maxFunctions);
  draft.bodyStarts = new Uint32Array(count);
  draft.bodyEnds = new Uint32Array(count);
  let totalLocals = 0;
  for (let index = 0; index < count; index++) {
    const length = reader.u32('the length of a function body');
    if (length > MODULE_LIMITS.maxFunctionBytes) {
      throw tooMany('bytes in a function body', length, MODULE_LIMITS.maxFunctionBytes);
    }
    const start = reader.skip(length, 'a function body');
    draft.bodyStarts[index] = start;
    draft.bodyEnds[index] = start + length;
    totalLocals += countLocals(new Reader(reader.bytes, start, start + length));
    if (totalLocals > MODULE_LIMITS.maxTotalLocals) {
      throw tooMany('locals in all functions', totalLocals, MODULE_LIMITS.maxTotalLocals);
    }
  }
}

/** The locals that a body declares, in groups of a count and a type each. */
function countLocals(body: Reader): number {
  let locals = 0;
  for (let left = body.count('groups of locals', MODULE_LIMITS.maxLocals); left > 0; left--) {
    locals += body.u32('the number of locals');
    if (locals > MODULE_LIMITS.maxLocals) throw tooMany('locals in a function', locals, MODULE_LIMITS.maxLocals);
    const offset = body.position;
    checkValueType(body.u8('the type of locals'), offset);
  }
  return locals;
}

/** Exports and the start function must name what is there, so that whoever follows an index finds something. */
function checkIndexes(draft: Draft): void {
  const counts: Record<ItemKind, number> = {
    function: draft.functions.length,
    table: draft.tables.length,
    memory: draft.memories.length,
    global: draft.globals.length,
    tag: draft.tags,
  };
  for (const item of draft.exports) {
    if (item.index >= counts[item.kind]) {
      throw malformed(
        0,
        `the export ${JSON.stringify(item.name)} names ${item.kind} ${item.index} of ${counts[item.kind]}`,
      );
    }
  }
  if (draft.start !== undefined && draft.start >= counts.function) {
    throw malformed(0, `the start function ${draft.start} is not among the ${counts.function} functions`);
  }
}
