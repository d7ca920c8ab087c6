/** Bodies of the functions that metering adds: wrappers of imports and exports, and helpers for growth and bulk work. */

import { OP } from '../instructions.js';
import type { Additions, Helper } from './additions.js';
import { STATE } from './reserved.js';
import { Scratch } from './scratch.js';
import type { Shape, Table, TypeEntry } from './shape.js';
import { DYNAMIC } from './weights.js';

/** Stack that the host's own frames may take between two activations of the guest. */
export const HOST_FRAME_BYTES = 16 * 1024;

/** V8's own bounds, which growth meets however large the declared maximum is. */
const MAX_PAGES = 65_536;
const MAX_PAGES_64 = 262_144;
const MAX_TABLE_SLOTS = 10_000_000;

const I32_EQ = 0x46;
const I32_OR = 0x72;
const I32_SUB = 0x6b;
const I32_LT_S = 0x48;
const I64_LT_S = 0x53;
const I64_LT_U = 0x54;
const I64_GT_U = 0x56;
const I64_EQ = 0x51;
const I64_ADD = 0x7c;
const I64_SUB = 0x7d;
const I64_MUL = 0x7e;
const I64_SHL = 0x86;
const I64_EXTEND_I32_U = 0xad;
const SELECT = 0x1b;
const DROP = 0x1a;
const TABLE_GET = 0x25;
const I32_LOAD8_U = 0x2d;
/** In place of an alignment of 1. */
const MEMORY_INDEX_FOLLOWS = 0x40;
const VOID = 0x40;
const I32 = 0x7f;
const I64 = 0x7e;

/** Writes one body with its length; the body's own code is written by `fill`. Answers where it begins. */
function writeBody(out: Scratch, locals: readonly number[], fill: (code: Scratch) => void): number {
  const code = new Scratch(128);
  code.u32(locals.length);
  for (const type of locals) code.op(1, type);
  fill(code);
  code.u8(OP.end);
  out.u32(code.length);
  out.copy(code.bytes, 0, code.length);
  return out.length - code.length;
}

function constant(code: Scratch, opcode: number, value: number): void {
  code.u8(opcode);
  code.signed(value);
}

function trapIf(code: Scratch): void {
  code.op(OP.if, VOID);
  code.op(OP.unreachable, OP.end);
}

/** if (fuel < 0) unreachable */
function checkFuel(code: Scratch, fuel: number): void {
  code.op(OP.localGet, fuel);
  constant(code, OP.i64Const, 0);
  code.u8(I64_LT_S);
  trapIf(code);
}

/**
 * Calls an imported function: no host call begins without fuel, the counter stands in the global while the host has control, and
 * whatever it charges is taken over.
 */
export function writeImportWrapper(out: Scratch, additions: Additions, type: TypeEntry, index: number): void {
  writeBody(out, [], (code) => {
    const fuel = type.params;
    checkFuel(code, fuel);
    code.op(OP.localGet, fuel);
    code.op(OP.globalSet, additions.fuelGlobal);
    for (let param = 0; param < type.params; param++) code.op(OP.localGet, param);
    code.op(OP.call, index);
    code.op(OP.globalGet, additions.fuelGlobal);
  });
}

/**
 * What the host (or another module) calls in place of an exported function: takes the counter from the global, and reserves stack for
 * the frames that are not counted one by one.
 */
export function writeExportWrapper(
  out: Scratch,
  additions: Additions,
  type: TypeEntry,
  index: number,
  stack: { reserve: number; limit: number; taken: boolean },
): void {
  writeBody(out, [I32], (code) => {
    const saved = type.params;
    code.op(OP.globalGet, additions.stackGlobal);
    code.op(OP.localTee, saved);
    constant(code, OP.i32Const, stack.limit);
    code.u8(I32_EQ);
    code.op(OP.if, VOID);
    constant(code, OP.i32Const, 0);
    code.op(OP.globalSet, additions.stateGlobal);
    code.u8(OP.end);
    code.op(OP.localGet, saved);
    constant(code, OP.i32Const, stack.reserve);
    code.u8(I32_SUB);
    code.op(OP.globalSet, additions.stackGlobal);
    code.op(OP.globalGet, additions.stackGlobal);
    constant(code, OP.i32Const, 0);
    code.u8(I32_LT_S);
    trapIf(code);
    for (let param = 0; param < type.params; param++) code.op(OP.localGet, param);
    code.op(OP.globalGet, additions.fuelGlobal);
    if (stack.taken) code.op(OP.globalGet, additions.stackGlobal);
    code.op(OP.call, index);
    code.op(OP.globalSet, additions.fuelGlobal);
    code.op(OP.localGet, saved);
    code.op(OP.globalSet, additions.stackGlobal);
  });
}

/** Answers where in it a trap is the guest's own, if anywhere. */
export function writeHelper(out: Scratch, shape: Shape, additions: Additions, helper: Helper): number | undefined {
  switch (helper.kind) {
    case 'bulk-array':
    case 'bulk-memory':
    case 'bulk-table':
      return writeBulk(out, shape, helper);
    case 'grow-memory':
      writeGrowth(out, shape, additions, helper, 0);
      return undefined;
    case 'grow-table':
      writeGrowth(out, shape, additions, helper, 1);
      return undefined;
  }
}

/** Takes an i64 amount of work: charges it to the local, and stops where that is too much. */
function chargeTop(code: Scratch, fuel: number, weight: number): void {
  if (weight !== 1) {
    constant(code, OP.i64Const, weight);
    code.u8(I64_MUL);
  }
  // fuel - work is -(work - fuel), written so because the work is on the operand stack already.
  code.op(OP.localGet, fuel);
  code.u8(I64_SUB);
  constant(code, OP.i64Const, -1);
  code.u8(I64_MUL);
  code.op(OP.localSet, fuel);
  checkFuel(code, fuel);
}

/**
 * (requested: i64, fuel) -> (): the request has been charged whole, which is too much. What passes the current size is given
 * back; if that is enough, the request is out of bounds, and the guest has its trap for that. An array's request is charged as it is.
 * Answers where the guest's trap is.
 */
function writeBulk(out: Scratch, shape: Shape, helper: Helper): number | undefined {
  let trap = 0;
  const start = writeBody(out, [I64], (code) => {
    const size = 2;
    if (helper.kind !== 'bulk-array') {
      pushSize(code, shape, helper);
      if (helper.kind === 'bulk-memory') {
        constant(code, OP.i64Const, 16);
        code.u8(I64_SHL);
      }
      code.op(OP.localSet, size);
      // A 64-bit request may have no sign left: it wraps around, and back.
      code.op(OP.localGet, 1);
      code.op(OP.localGet, 0);
      code.u8(I64_ADD);
      code.op(OP.localGet, 0);
      code.op(OP.localGet, size);
      code.op(OP.localGet, 0);
      code.op(OP.localGet, size);
      code.u8(I64_LT_U);
      code.u8(SELECT);
      code.u8(I64_SUB);
      code.op(OP.localSet, 1);
    }
    checkFuel(code, 1);
    if (helper.kind !== 'bulk-array') trap = writeOutOfBounds(code, shape, helper);
  });
  return trap > 0 ? start + trap : undefined;
}

/** An access that no memory or table is large enough for; answers where its instruction is. */
function writeOutOfBounds(code: Scratch, shape: Shape, helper: Helper): number {
  const isMemory = helper.kind === 'bulk-memory';
  const space = (isMemory ? shape.memories : shape.tables)[helper.index];
  constant(code, space?.is64 ? OP.i64Const : OP.i32Const, -1);
  const at = code.length;
  if (isMemory) {
    code.op(I32_LOAD8_U, helper.index === 0 ? 0 : MEMORY_INDEX_FOLLOWS);
    if (helper.index > 0) code.u32(helper.index);
    code.u32(2 ** 32 - 1);
  } else code.op(TABLE_GET, helper.index);
  code.u8(DROP);
  return at;
}

/** The size of the memory (in pages) or table, as i64. */
function pushSize(code: Scratch, shape: Shape, helper: Helper): void {
  const isMemory = helper.kind.endsWith('memory');
  const space = isMemory ? shape.memories[helper.index] : shape.tables[helper.index];
  if (isMemory) code.op(OP.memorySize, helper.index);
  else {
    code.op(0xfc, 16);
    code.u32(helper.index);
  }
  if (space?.is64 !== true) code.u8(I64_EXTEND_I32_U);
}

/**
 * (…, delta, fuel) -> (result, fuel). Growth that is refused costs nothing and is noted; growth that the engine fails at although
 * the maximum allows it is noted and stops the guest: the answer would not be the same everywhere.
 */
function writeGrowth(out: Scratch, shape: Shape, additions: Additions, helper: Helper, delta: number): void {
  const isMemory = helper.kind === 'grow-memory';
  const space = (isMemory ? shape.memories : shape.tables)[helper.index] as Table;
  const pages = space.is64 ? MAX_PAGES_64 : MAX_PAGES;
  const bound = isMemory ? pages : MAX_TABLE_SLOTS;
  const most = Math.min(space.maximum ?? bound, bound);
  const fuel = delta + 1;
  const result = delta + 2;
  const extend = (code: Scratch): void => (space.is64 ? undefined : code.u8(I64_EXTEND_I32_U));
  writeBody(out, [space.is64 ? I64 : I32], (code) => {
    if (!isMemory) code.op(OP.localGet, 0);
    code.op(OP.localGet, delta);
    if (isMemory) code.op(OP.memoryGrow, helper.index);
    else {
      code.op(0xfc, 15);
      code.u32(helper.index);
    }
    code.op(OP.localTee, result);
    constant(code, space.is64 ? OP.i64Const : OP.i32Const, -1);
    code.u8(space.is64 ? I64_EQ : I32_EQ);
    code.op(OP.if, VOID);
    writeRefusal(code, shape, additions, helper, { most, delta, extend, imported: space.imported });
    code.u8(OP.else);
    code.op(OP.localGet, delta);
    extend(code);
    chargeTop(code, fuel, isMemory ? DYNAMIC.page : DYNAMIC.tableSlot);
    code.u8(OP.end);
    code.op(OP.localGet, result);
    code.op(OP.localGet, fuel);
  });
}

interface Refusal {
  readonly most: number;
  readonly delta: number;
  readonly extend: (code: Scratch) => void;
  /** The maximum of an imported memory or table may be smaller than the import says. */
  readonly imported: boolean;
}

function writeRefusal(code: Scratch, shape: Shape, additions: Additions, helper: Helper, refusal: Refusal): void {
  const note = (bit: number): void => {
    code.op(OP.globalGet, additions.stateGlobal);
    constant(code, OP.i32Const, bit);
    code.u8(I32_OR);
    code.op(OP.globalSet, additions.stateGlobal);
  };
  if (refusal.imported) return note(STATE.growthRefused);
  // size + delta > most; a 64-bit delta near 2^64 must not wrap around.
  pushSize(code, shape, helper);
  code.op(OP.localGet, refusal.delta);
  refusal.extend(code);
  code.u8(I64_ADD);
  constant(code, OP.i64Const, refusal.most);
  code.u8(I64_GT_U);
  code.op(OP.localGet, refusal.delta);
  refusal.extend(code);
  constant(code, OP.i64Const, refusal.most);
  code.u8(I64_GT_U);
  code.u8(I32_OR);
  code.op(OP.if, VOID);
  note(STATE.growthRefused);
  code.u8(OP.else);
  note(STATE.growthFailed);
  code.u8(OP.unreachable);
  code.u8(OP.end);
}
