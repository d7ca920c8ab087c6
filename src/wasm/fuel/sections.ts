/** The sections around the code, rewritten: new types, globals, exports and segments, and functions referred to by their wrappers. */

import { skipValueType } from '../instructions.js';
import { malformed, Reader } from '../reader.js';
import { SECTION } from '../sections.js';
import { Writer } from '../writer.js';
import type { Additions } from './additions.js';
import { checkIndex, copyConstantExpression } from './constants.js';
import { FUEL_EXPORTS, RESERVED_MODULE } from './reserved.js';
import { Scratch } from './scratch.js';
import { FUNCTION_FORM, KIND, type Shape, skipGlobalType, type TypeEntry } from './shape.js';

const I64 = 0x7e;
const I32 = 0x7f;
const MUTABLE = 1;

/** A section's content as a reader; undefined where the module has none. */
export function readerOf(shape: Shape, id: number): Reader | undefined {
  const section = shape.sections.find((candidate) => candidate.id === id);
  return section === undefined ? undefined : new Reader(shape.bytes, section.contentStart, section.end);
}

/** Types: function types get a trailing i64 parameter and result, in place; behind them come those that are added. */
export function writeTypes(shape: Shape, additions: Additions): Uint8Array {
  const { bytes, types, groups } = shape;
  const out = new Scratch(1_024);
  out.u32(groups.length + additions.addedTypes.length);
  for (const { first, count, written } of groups) {
    if (written) out.op(0x4e, count);
    for (let index = first; index < first + count; index++) writeMeteredType(out, bytes, types[index] as TypeEntry);
  }
  additions.writeTypes(out);
  return out.finish();
}

function writeMeteredType(out: Scratch, bytes: Uint8Array, type: TypeEntry): void {
  if (type.form !== FUNCTION_FORM) return out.copy(bytes, type.start, type.end);
  // The entry up to its form, whatever `sub` stands before it.
  const header = new Reader(bytes, type.start, type.end);
  if (header.u8('a type') !== FUNCTION_FORM) {
    if (header.u32('the number of supertypes') === 1) header.u32('a supertype');
    header.u8('a type');
  }
  out.copy(bytes, type.start, header.position);
  out.u32(type.params + 1);
  out.copy(bytes, type.paramsStart, type.paramsEnd);
  out.u8(I64);
  out.u32(type.results + 1);
  out.copy(bytes, type.resultsStart, type.resultsEnd);
  out.u8(I64);
}

/** Imports: functions and tags keep their types as they were; shared globals come last. */
export function writeImports(shape: Shape, additions: Additions): Uint8Array | undefined {
  const { bytes, imports } = shape;
  if (imports.length === 0 && !additions.importGlobals) return undefined;
  const out = new Scratch(1_024);
  out.u32(imports.length + (additions.importGlobals ? 3 : 0));
  for (const entry of imports) {
    if (entry.type < 0) out.copy(bytes, entry.start, entry.end);
    else {
      out.copy(bytes, entry.start, entry.typeStart);
      out.u32(additions.originalType(entry.type));
    }
  }
  if (!additions.importGlobals) return out.finish();
  for (const [name, type] of GLOBALS) {
    writeName(out, RESERVED_MODULE);
    writeName(out, name.slice(RESERVED_MODULE.length + 1));
    out.op(KIND.global, type);
    out.u8(MUTABLE);
  }
  return out.finish();
}

const GLOBALS = [
  [FUEL_EXPORTS.left, I64],
  [FUEL_EXPORTS.stack, I32],
  [FUEL_EXPORTS.state, I32],
] as const;

function writeName(out: Scratch, name: string): void {
  const bytes = new TextEncoder().encode(name);
  out.u32(bytes.length);
  out.copy(bytes, 0, bytes.length);
}

/** The types of all defined functions, those that are added included. */
export function writeFunctions(shape: Shape, types: readonly number[], addedTypes: readonly number[]): Uint8Array {
  const out = new Scratch(shape.functions.length * 2 + 64);
  out.u32(types.length + addedTypes.length);
  for (const type of types) out.u32(type);
  for (const type of addedTypes) out.u32(type);
  return out.finish();
}

/** Tables: initial values may refer to functions. */
export function writeTables(shape: Shape, additions: Additions): Uint8Array | undefined {
  const reader = readerOf(shape, SECTION.table);
  if (reader === undefined) return undefined;
  const writer = new Writer(64);
  const count = reader.u32('the number of tables');
  writer.u32(count);
  for (let left = count; left > 0; left--) {
    const start = reader.position;
    const hasValue = reader.bytes[start] === 0x40;
    if (hasValue) reader.skip(2, 'a table');
    skipValueType(reader);
    const flags = reader.u8('the flags of a table');
    for (let sizes = 1 + (flags & 1); sizes > 0; sizes--) reader.skipLeb('a size', 10);
    writer.raw(reader.bytes.subarray(start, reader.position));
    if (hasValue) copyConstantExpression(reader, shape, writer, additions.inConstants);
  }
  return writer.finish();
}

export function writeTags(shape: Shape, additions: Additions): Uint8Array | undefined {
  const { tags, importedTags } = shape;
  if (tags.length === importedTags) return undefined;
  const out = new Scratch(64);
  out.u32(tags.length - importedTags);
  for (const type of tags.slice(importedTags)) {
    out.u8(0);
    out.u32(additions.originalType(type));
  }
  return out.finish();
}

/** @param stackLimit what the global for the stack begins with */
export function writeGlobals(shape: Shape, additions: Additions, stackLimit: number): Uint8Array | undefined {
  const reader = readerOf(shape, SECTION.global);
  if (reader === undefined && additions.importGlobals) return undefined;
  const writer = new Writer(1_024);
  const count = reader?.u32('the number of globals') ?? 0;
  writer.u32(count + (additions.importGlobals ? 0 : 3));
  for (let left = count; left > 0 && reader !== undefined; left--) {
    const start = reader.position;
    skipGlobalType(reader);
    writer.raw(reader.bytes.subarray(start, reader.position));
    copyConstantExpression(reader, shape, writer, additions.inConstants);
  }
  if (!additions.importGlobals) writer.raw(ownGlobals(stackLimit));
  return writer.finish();
}

function ownGlobals(stackLimit: number): Uint8Array {
  const out = new Scratch(64);
  for (const [type, opcode, value] of [
    [I64, 0x42, 0],
    [I32, 0x41, stackLimit],
    [I32, 0x41, 0],
  ] as const) {
    out.op(type, MUTABLE);
    out.u8(opcode);
    out.signed(value);
    out.u8(0x0b);
  }
  return out.finish();
}

/**
 * Exports: functions of the module through their wrappers; the globals of metering, and the start function, under reserved names.
 * @param wrappers of defined functions by index
 */
export function writeExports(
  shape: Shape,
  additions: Additions,
  wrappers: ReadonlyMap<number, number>,
  start: number | undefined,
): Uint8Array {
  const { bytes, exports } = shape;
  const out = new Scratch(exports.length * 16 + 128);
  out.u32(exports.length + (additions.importGlobals ? 0 : 3) + (start === undefined ? 0 : 1));
  for (const entry of exports) {
    out.copy(bytes, entry.start, entry.indexStart);
    if (entry.kind === KIND.function) out.u32(wrappers.get(entry.index) ?? entry.index);
    else out.u32(entry.kind === KIND.global ? additions.global(entry.index) : entry.index);
  }
  if (!additions.importGlobals) {
    GLOBALS.forEach(([name], index) => {
      writeName(out, name);
      out.op(KIND.global, additions.fuelGlobal + index);
    });
  }
  if (start !== undefined) {
    writeName(out, FUEL_EXPORTS.start);
    out.op(KIND.function, start);
  }
  return out.finish();
}

/**
 * Element segments, eight forms (core specification, section 5.5.12): bit 0 passive or declarative, bit 1 an explicit table (or
 * declarative), bit 2 expressions instead of function indexes.
 */
export function writeElements(
  shape: Shape,
  additions: Additions,
): { content: Uint8Array | undefined; activeSlots: number } {
  let activeSlots = 0;
  const reader = readerOf(shape, SECTION.element);
  const count = reader?.u32('the number of element segments') ?? 0;
  const writer = new Writer(1_024);
  writer.u32(count + (additions.codeReferences.size > 0 ? 1 : 0));
  for (let left = count; left > 0 && reader !== undefined; left--) {
    const { active, slots } = copyElement(reader, shape, additions, writer);
    if (active) activeSlots += slots;
  }
  const declared = [...additions.codeReferences].map((index) => additions.functionReference(index));
  if (declared.length > 0) {
    // Functions that `ref.func` names must stand in a segment or export; the exports are wrappers now.
    writer.u8(3);
    writer.u8(0);
    writer.u32(declared.length);
    for (const index of declared) writer.u32(index);
  }
  const content = count + declared.length > 0 ? writer.finish() : undefined;
  return { content, activeSlots };
}

function copyElement(
  reader: Reader,
  shape: Shape,
  additions: Additions,
  writer: Writer,
): { active: boolean; slots: number } {
  const start = reader.position;
  const flags = reader.u32('the flags of an element segment');
  if (flags > 7) throw malformed(start, `unknown flags ${flags} of an element segment`);
  const active = (flags & 1) === 0;
  writer.u32(flags);
  if (active && (flags & 2) !== 0) writer.u32(reader.u32('a table'));
  if (active) copyConstantExpression(reader, shape, writer, additions.inConstants);
  if ((flags & 3) !== 0) copyElementKind(reader, writer, (flags & 4) !== 0);
  const slots = reader.count('elements', reader.remaining);
  writer.u32(slots);
  for (let left = slots; left > 0; left--) {
    const offset = reader.position;
    if ((flags & 4) !== 0) {
      copyConstantExpression(reader, shape, writer, additions.inConstants);
      continue;
    }
    const index = reader.u32('a function');
    checkIndex(index, shape.functions.length, 'function', offset);
    writer.u32(additions.inConstants.functionReference(index));
  }
  return { active, slots };
}

/** An element kind (one byte) or a reference type. */
function copyElementKind(reader: Reader, writer: Writer, isType: boolean): void {
  const start = reader.position;
  if (isType) skipValueType(reader);
  else reader.u8('the kind of elements');
  writer.raw(reader.bytes.subarray(start, reader.position));
}

/** Bytes that active data segments write. */
export function countActiveData(shape: Shape, additions: Additions): number {
  const reader = readerOf(shape, SECTION.data);
  if (reader === undefined) return 0;
  let bytes = 0;
  const sink = new Writer(64);
  for (let left = reader.u32('the number of data segments'); left > 0; left--) {
    const flags = reader.u32('the flags of a data segment');
    if (flags === 2) reader.u32('a memory');
    if (flags !== 1) copyConstantExpression(reader, shape, sink, additions.inConstants);
    const length = reader.u32('the length of a data segment');
    reader.skip(length, 'a data segment');
    if (flags !== 1) bytes += length;
  }
  return bytes;
}

/** Data segments: only the offsets may name a global that has moved. */
export function writeData(shape: Shape, additions: Additions): Uint8Array | undefined {
  if (!additions.importGlobals) return undefined;
  const reader = readerOf(shape, SECTION.data);
  if (reader === undefined) return undefined;
  const writer = new Writer(reader.remaining + 64);
  const count = reader.u32('the number of data segments');
  writer.u32(count);
  for (let left = count; left > 0; left--) {
    const flags = reader.u32('the flags of a data segment');
    writer.u32(flags);
    if (flags === 2) writer.u32(reader.u32('a memory'));
    if (flags !== 1) copyConstantExpression(reader, shape, writer, additions.inConstants);
    const start = reader.position;
    reader.skip(reader.u32('the length of a data segment'), 'a data segment');
    writer.raw(reader.bytes.subarray(start, reader.position));
  }
  return writer.finish();
}
