/**
 * The model of a core WebAssembly module: what it declares, and where its function bodies and custom sections lie.
 *
 * It is read in one pass, linear in the input, without recursion; each count is held against MODULE_LIMITS before anything is
 * allocated for it. Function bodies, element and data segments are not looked into: the engine validates those.
 * What is refused here although engines may take it: shared memories and tables, 64-bit memories and tables, custom page
 * sizes, typed references, garbage-collected types.
 */

import { MODULE_LIMITS } from '../limits.js';
import { readBodies } from './bodies.js';
import { skipConstantExpression } from './constant-expression.js';
import {
  type Export,
  type FunctionType,
  type Global,
  type Import,
  type ItemKind,
  readGlobalType,
  readKind,
  readMemory,
  readTable,
  readValueTypes,
  type Size,
  type Table,
} from './item-types.js';
import { malformed, Reader } from './reader.js';
import { readSections, SECTION, type Section, sectionName } from './sections.js';
import { unsupported } from './value-type.js';

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
  [
    SECTION.code,
    (reader, draft) => {
      const { starts, ends } = readBodies(reader);
      draft.bodyStarts = starts;
      draft.bodyEnds = ends;
    },
  ],
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

function readMemories(reader: Reader, draft: Draft): void {
  for (let left = reader.count('memories', MODULE_LIMITS.maxMemories); left > 0; left--) {
    draft.memories.push(readMemory(reader));
  }
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
