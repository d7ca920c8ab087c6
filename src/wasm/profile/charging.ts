/**
 * Code that takes fuel from the counter where the instruction stands that uses it: slow, and plain enough to be seen to be
 * right. The fast way, which moves charges, is `fuel/body/`; weights and meaning are the same (`fuel/weights.ts`).
 */

import type { Scratch } from '../fuel/scratch.js';
import type { Shape } from '../fuel/shape.js';
import { DYNAMIC } from '../fuel/weights.js';
import { OP } from '../instructions.js';
import type { Reader } from '../reader.js';

const I64_SUB = 0x7d;
const I64_MUL = 0x7e;
const I64_LT_S = 0x53;
const I64_LT_U = 0x54;
const I64_EXTEND_I32_U = 0xad;
const I32_NE = 0x47;
const I64_NE = 0x52;
const EMPTY_BLOCK = 0x40;
const I64 = 0x7e;
const PAGE_BYTES = 65_536;

/** Locals that every function gets for the sake of counting. */
export interface Spare {
  readonly i32: readonly [number, number];
  readonly i64: readonly [number, number];
}

/** left -= amount */
export function charge(out: Scratch, left: number, amount: number): void {
  if (amount === 0) return;
  out.op(OP.globalGet, left);
  out.u8(OP.i64Const);
  out.signed(amount);
  out.u8(I64_SUB);
  out.op(OP.globalSet, left);
}

/** left -= the i64 on top of the operands */
function chargeTop(out: Scratch, left: number, spare: Spare): void {
  out.op(OP.localSet, spare.i64[0]);
  out.op(OP.globalGet, left);
  out.op(OP.localGet, spare.i64[0]);
  out.u8(I64_SUB);
  out.op(OP.globalSet, left);
}

/** Ends the guest where nothing is left. `unreachable` is what a guest cannot catch. */
export function stopWhenOut(out: Scratch, left: number): void {
  out.op(OP.globalGet, left);
  out.u8(OP.i64Const);
  out.signed(0);
  out.u8(I64_LT_S);
  out.op(OP.if, EMPTY_BLOCK);
  out.u8(OP.unreachable);
  out.u8(OP.end);
}

/** Charges a bulk operation whose length is on top of the operands, where it stays; nothing for any other instruction. */
export function chargeBulk(out: Scratch, shape: Shape, left: number, spare: Spare, code: number, index: Reader): void {
  const { memories, tables } = shape;
  switch (code) {
    case OP.memoryFill:
      return chargeMemory(out, shape, left, spare, index.u32('a memory'));
    case OP.memoryCopy: {
      const to = index.u32('a memory');
      const both = memories[index.u32('a memory')]?.is64 === true && memories[to]?.is64 === true;
      return chargeMemory(out, shape, left, spare, to, both);
    }
    case OP.memoryInit:
      index.u32('a segment');
      return chargeMemory(out, shape, left, spare, index.u32('a memory'), false);
    case OP.tableFill:
      return chargeTable(out, shape, left, spare, index.u32('a table'));
    case OP.tableCopy: {
      const to = index.u32('a table');
      const both = tables[index.u32('a table')]?.is64 === true && tables[to]?.is64 === true;
      return chargeTable(out, shape, left, spare, to, both);
    }
    case OP.tableInit:
      index.u32('a segment');
      return chargeTable(out, shape, left, spare, index.u32('a table'), false);
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
      out.u8(I64_EXTEND_I32_U);
      return chargeTop(out, left, spare);
  }
}

function chargeMemory(
  out: Scratch,
  { memories }: Shape,
  left: number,
  spare: Spare,
  memory: number,
  is64 = memories[memory]?.is64 === true,
): void {
  keepLength(out, spare, is64);
  out.op(OP.memorySize, memory);
  if (memories[memory]?.is64 !== true) out.u8(I64_EXTEND_I32_U);
  out.u8(OP.i64Const);
  out.signed(PAGE_BYTES);
  out.u8(I64_MUL);
  chargeSmaller(out, left, spare);
}

function chargeTable(
  out: Scratch,
  { tables }: Shape,
  left: number,
  spare: Spare,
  table: number,
  is64 = tables[table]?.is64 === true,
): void {
  keepLength(out, spare, is64);
  out.op(0xfc, 16); // table.size
  out.u32(table);
  if (tables[table]?.is64 !== true) out.u8(I64_EXTEND_I32_U);
  chargeSmaller(out, left, spare);
}

/** Copies the length on top of the operands into a local. */
function keepLength(out: Scratch, spare: Spare, is64: boolean): void {
  if (is64) return out.op(OP.localTee, spare.i64[0]);
  out.op(OP.localTee, spare.i32[0]);
  out.op(OP.localGet, spare.i32[0]);
  out.u8(I64_EXTEND_I32_U);
  out.op(OP.localSet, spare.i64[0]);
}

/** Charges the smaller of the kept length and the size on top of the operands: a larger request traps without working. */
function chargeSmaller(out: Scratch, left: number, spare: Spare): void {
  const [length, size] = spare.i64;
  out.op(OP.localSet, size);
  out.op(OP.localGet, length);
  out.op(OP.localGet, size);
  out.u8(I64_LT_U);
  out.op(OP.if, I64);
  out.op(OP.localGet, length);
  out.u8(OP.else);
  out.op(OP.localGet, size);
  out.u8(OP.end);
  out.u8(OP.i64Const);
  out.signed(DYNAMIC.bulkUnit);
  out.u8(I64_MUL);
  chargeTop(out, left, spare);
}

/** memory.grow or table.grow, which `copy` writes: what it added is charged behind it, and nothing where it was refused. */
export function writeGrowth(
  out: Scratch,
  left: number,
  spare: Spare,
  growth: { is64: boolean; weight: number; copy: () => void },
): void {
  const { is64, weight, copy } = growth;
  const [delta, result] = is64 ? spare.i64 : spare.i32;
  out.op(OP.localTee, delta);
  copy();
  out.op(OP.localTee, result);
  out.u8(is64 ? OP.i64Const : OP.i32Const);
  out.signed(-1);
  out.u8(is64 ? I64_NE : I32_NE);
  out.op(OP.if, EMPTY_BLOCK);
  out.op(OP.localGet, delta);
  if (!is64) out.u8(I64_EXTEND_I32_U);
  out.u8(OP.i64Const);
  out.signed(weight);
  out.u8(I64_MUL);
  chargeTop(out, left, spare);
  out.u8(OP.end);
  out.op(OP.localGet, result);
}
