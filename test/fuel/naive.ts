/**
 * The oracle: a meter that is too simple to be wrong in the ways that the real one could be. It charges every instruction where
 * it stands, by adding to an exported global; it changes no type, no index and no control flow, checks nothing and optimises nothing.
 * It shares the table of instructions and weights with the real one, and the reader of sections.
 */

import { Scratch } from '../../src/wasm/fuel/scratch.js';
import { readShape, type Shape, typeOfFunction } from '../../src/wasm/fuel/shape.js';
import { DYNAMIC, WEIGHTS } from '../../src/wasm/fuel/weights.js';
import { OP, readCode, skipOperands, skipValueType } from '../../src/wasm/instructions.js';
import { Reader } from '../../src/wasm/reader.js';
import { SECTION } from '../../src/wasm/sections.js';

/** The exported i64 global that counts what was used. */
export const NAIVE_USED = 'naive used';

const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const I64_ADD = 0x7c;

/** The module with a counter at every instruction. */
export function meterNaively(bytes: Uint8Array): Uint8Array {
  const shape = readShape(bytes);
  const contents = new Map<number, Uint8Array>([
    [SECTION.global, appendItem(shape, SECTION.global, Uint8Array.of(0x7e, 1, 0x42, 0, 0x0b))],
    [SECTION.export, appendItem(shape, SECTION.export, exportOf(shape.globals))],
  ]);
  if (shape.bodyStarts.length > 0) contents.set(SECTION.code, writeCode(shape));
  const out = new Scratch(bytes.length * 4);
  out.copy(bytes, 0, 8);
  for (const id of ORDER) {
    const content = contents.get(id);
    const section = shape.sections.find((candidate) => candidate.id === id);
    if (content !== undefined) {
      out.op(id, content.length);
      out.copy(content, 0, content.length);
    } else if (section !== undefined) {
      out.copy(bytes, section.start, section.end);
    }
  }
  return out.finish();
}

function exportOf(global: number): Uint8Array {
  const out = new Scratch(32);
  const name = new TextEncoder().encode(NAIVE_USED);
  out.u32(name.length);
  out.copy(name, 0, name.length);
  out.op(3, global);
  return out.finish();
}

/** A section with one item more. */
function appendItem(shape: Shape, id: number, item: Uint8Array): Uint8Array {
  const section = shape.sections.find((candidate) => candidate.id === id);
  const out = new Scratch(1_024);
  if (section === undefined) out.u32(1);
  else {
    const reader = new Reader(shape.bytes, section.contentStart, section.end);
    out.u32(reader.u32('items') + 1);
    out.copy(shape.bytes, reader.position, section.end);
  }
  out.copy(item, 0, item.length);
  return out.finish();
}

function writeCode(shape: Shape): Uint8Array {
  const out = new Scratch(shape.bytes.length * 4);
  out.u32(shape.bodyStarts.length);
  shape.bodyStarts.forEach((start, index) => {
    const body = writeBody(shape, index, new Reader(shape.bytes, start, shape.bodyEnds[index] as number));
    out.u32(body.length);
    out.copy(body.bytes, 0, body.length);
  });
  return out.finish();
}

/** Locals that are added to every function: two of each size. */
interface Spare {
  readonly i32: readonly [number, number];
  readonly i64: readonly [number, number];
}

function writeBody(shape: Shape, definedIndex: number, reader: Reader): Scratch {
  const { bytes } = shape;
  const out = new Scratch((reader.end - reader.position) * 4 + 64);
  const groups = reader.u32('groups of locals');
  const start = reader.position;
  let declared = 0;
  for (let left = groups; left > 0; left--) {
    declared += reader.u32('locals');
    skipValueType(reader);
  }
  out.u32(groups + 2);
  out.copy(bytes, start, reader.position);
  out.op(2, 0x7f);
  out.op(2, 0x7e);
  const first = typeOfFunction(shape, shape.importedFunctions + definedIndex).params + declared;
  const spare: Spare = { i32: [first, first + 1], i64: [first + 2, first + 3] };
  charge(out, shape, declared * DYNAMIC.local);
  while (!reader.done) writeInstruction(shape, reader, out, spare);
  return out;
}

/** used += amount */
function charge(out: Scratch, shape: Shape, amount: number): void {
  if (amount === 0) return;
  out.u8(OP.i64Const);
  out.signed(amount);
  chargeTop(out, shape);
}

/** used += the i64 on top of the operands */
function chargeTop(out: Scratch, shape: Shape): void {
  out.op(OP.globalGet, shape.globals);
  out.u8(I64_ADD);
  out.op(OP.globalSet, shape.globals);
}

function writeInstruction(shape: Shape, reader: Reader, out: Scratch, spare: Spare): void {
  const start = reader.position;
  const code = readCode(reader);
  const immediates = reader.position;
  skipOperands(reader, code);
  charge(out, shape, WEIGHTS[code] as number);
  const index = (): Reader => new Reader(shape.bytes, immediates, reader.position);
  const copy = (): void => out.copy(shape.bytes, start, reader.position);
  if (code === OP.memoryGrow) {
    const memory = shape.memories[index().u32('memory')];
    return writeGrowth(
      out,
      shape,
      memory?.is64 === true ? spare.i64 : spare.i32,
      memory?.is64 === true,
      DYNAMIC.page,
      copy,
    );
  }
  if (code === OP.tableGrow) {
    const table = shape.tables[index().u32('table')];
    return writeGrowth(
      out,
      shape,
      table?.is64 === true ? spare.i64 : spare.i32,
      table?.is64 === true,
      DYNAMIC.tableSlot,
      copy,
    );
  }
  writeBulkCharge(code, shape, index(), out, spare);
  copy();
}

function writeBulkCharge(code: number, shape: Shape, index: Reader, out: Scratch, spare: Spare): void {
  const { memories, tables } = shape;
  switch (code) {
    case OP.memoryFill: {
      const memory = index.u32('memory');
      return chargeBulk(out, shape, spare, memories[memory]?.is64 === true, () => memoryBytes(out, shape, memory));
    }
    case OP.memoryCopy: {
      const to = index.u32('memory');
      const from = index.u32('memory');
      const is64 = memories[to]?.is64 === true && memories[from]?.is64 === true;
      return chargeBulk(out, shape, spare, is64, () => memoryBytes(out, shape, to));
    }
    case OP.memoryInit: {
      index.u32('segment');
      const memory = index.u32('memory');
      return chargeBulk(out, shape, spare, false, () => memoryBytes(out, shape, memory));
    }
    case OP.tableFill: {
      const table = index.u32('table');
      return chargeBulk(out, shape, spare, tables[table]?.is64 === true, () => tableSlots(out, shape, table));
    }
    case OP.tableCopy: {
      const to = index.u32('table');
      const from = index.u32('table');
      const is64 = tables[to]?.is64 === true && tables[from]?.is64 === true;
      return chargeBulk(out, shape, spare, is64, () => tableSlots(out, shape, to));
    }
    case OP.tableInit: {
      index.u32('segment');
      const table = index.u32('table');
      return chargeBulk(out, shape, spare, false, () => tableSlots(out, shape, table));
    }
    case OP.arrayNew:
    case OP.arrayNewDefault:
    case OP.arrayNewData:
    case OP.arrayNewElem:
    case OP.arrayFill:
    case OP.arrayCopy:
    case OP.arrayInitData:
    case OP.arrayInitElem:
      out.op(OP.localTee, spare.i32[0]);
      out.op(OP.localGet, spare.i32[0]);
      out.u8(0xad);
      return chargeTop(out, shape);
  }
}

/** used += min(length, size), with the length on top of the operands, where it stays. */
function chargeBulk(out: Scratch, shape: Shape, spare: Spare, is64: boolean, pushSize: () => void): void {
  const length = spare.i64[0];
  const size = spare.i64[1];
  if (is64) out.op(OP.localTee, length);
  else {
    out.op(OP.localTee, spare.i32[0]);
    out.op(OP.localGet, spare.i32[0]);
    out.u8(0xad);
    out.op(OP.localSet, length);
  }
  pushSize();
  out.op(OP.localSet, size);
  out.op(OP.localGet, length);
  out.op(OP.localGet, size);
  out.u8(0x54); // i64.lt_u
  out.op(OP.if, 0x7e);
  out.op(OP.localGet, length);
  out.u8(OP.else);
  out.op(OP.localGet, size);
  out.u8(OP.end);
  out.u8(OP.i64Const);
  out.signed(DYNAMIC.bulkUnit);
  out.u8(0x7e); // i64.mul
  chargeTop(out, shape);
}

function memoryBytes(out: Scratch, shape: Shape, memory: number): void {
  out.op(OP.memorySize, memory);
  if (shape.memories[memory]?.is64 !== true) out.u8(0xad);
  out.u8(OP.i64Const);
  out.signed(65_536);
  out.u8(0x7e);
}

function tableSlots(out: Scratch, shape: Shape, table: number): void {
  out.op(0xfc, 16);
  out.u32(table);
  if (shape.tables[table]?.is64 !== true) out.u8(0xad);
}

function writeGrowth(
  out: Scratch,
  shape: Shape,
  [delta, result]: readonly [number, number],
  is64: boolean,
  weight: number,
  copy: () => void,
): void {
  out.op(OP.localTee, delta);
  copy();
  out.op(OP.localTee, result);
  out.u8(is64 ? OP.i64Const : OP.i32Const);
  out.signed(-1);
  out.u8(is64 ? 0x52 : 0x47); // ne
  out.op(OP.if, 0x40);
  out.op(OP.localGet, delta);
  if (!is64) out.u8(0xad);
  out.u8(OP.i64Const);
  out.signed(weight);
  out.u8(0x7e);
  chargeTop(out, shape);
  out.u8(OP.end);
  out.op(OP.localGet, result);
}
