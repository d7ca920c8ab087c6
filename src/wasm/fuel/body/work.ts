/** Instructions whose work depends on an operand: growth, and bulk operations on memories, tables and arrays. */

import { OP } from '../../instructions.js';
import type { HelperKind } from '../additions.js';
import { RECORD } from '../body-plan.js';
import { checkIndex } from '../constants.js';
import { EXACT_NODE, FATE } from '../flow-graph.js';
import { I32_TYPE, I64_TYPE, type OpenBody } from './open-body.js';
import { checkOperands } from './operands.js';

const I64_EXTEND_I32_U = 0xad;
const I64_SUB = 0x7d;
const I64_LT_S = 0x53;

const BULK = new Map<number, { kind: HelperKind; operands: 1 | 2; segment: boolean }>([
  [OP.memoryInit, { kind: 'bulk-memory', operands: 2, segment: true }],
  [OP.memoryCopy, { kind: 'bulk-memory', operands: 2, segment: false }],
  [OP.memoryFill, { kind: 'bulk-memory', operands: 1, segment: false }],
  [OP.tableInit, { kind: 'bulk-table', operands: 2, segment: true }],
  [OP.tableCopy, { kind: 'bulk-table', operands: 2, segment: false }],
  [OP.tableFill, { kind: 'bulk-table', operands: 1, segment: false }],
]);

const ARRAY_WORK = new Set<number>([
  OP.arrayNew,
  OP.arrayNewDefault,
  OP.arrayNewData,
  OP.arrayNewElem,
  OP.arrayFill,
  OP.arrayCopy,
  OP.arrayInitData,
  OP.arrayInitElem,
]);

export function readMemoryGrow(body: OpenBody, start: number): void {
  const memory = body.reader.u32('a memory');
  checkIndex(memory, body.shape.memories.length, 'memory', start);
  callHelper(body, 'grow-memory', memory);
}

export function callHelper(body: OpenBody, kind: HelperKind, index: number): void {
  const { scratch } = body.lists;
  body.push(FATE.continues);
  scratch.op(OP.call, body.additions.helper(kind, index));
  body.beginEdge(EXACT_NODE, RECORD.setFuel);
}

/** Bulk operations of memories and tables; false for the other instructions with this prefix. */
export function readBulk(body: OpenBody, code: number, start: number): boolean {
  const reader = body.reader;
  const { memories, tables } = body.shape;
  const afterCode = reader.position;
  if (code === OP.tableGrow) {
    const table = reader.u32('a table');
    checkIndex(table, tables.length, 'table', start);
    callHelper(body, 'grow-table', table);
    body.grow(-1);
    return true;
  }
  const bulk = BULK.get(code);
  if (bulk === undefined) return false;
  checkOperands(body, code);
  reader.position = afterCode;
  const first = reader.u32('an index');
  const second = bulk.operands === 2 ? reader.u32('an index') : first;
  // An `init` names its segment first, then the memory or table; its length has 32 bits.
  const target = bulk.segment ? second : first;
  const spaces = bulk.kind === 'bulk-memory' ? memories : tables;
  const is64 = !bulk.segment && spaces[first]?.is64 === true && spaces[second]?.is64 === true;
  chargeWork(body, bulk.kind, target, is64, start);
  body.lists.scratch.copy(body.bytes, start, reader.position);
  body.height -= 3;
  return true;
}

export function readArrayWork(body: OpenBody, code: number, start: number): void {
  if (ARRAY_WORK.has(code)) chargeWork(body, 'bulk-array', 0, false, start);
}

/**
 * The length of the work is on top of the operands, and stays there. All of it is charged; only where that is too much, the helper
 * looks whether it is more than there can be to do. It traps either way: code that came back would make its surroundings slower.
 */
export function chargeWork(body: OpenBody, kind: HelperKind, index: number, is64: boolean, start: number): void {
  const { scratch } = body.lists;
  const local = is64 ? body.addLocal('i64', I64_TYPE) : body.addLocal('i32', I32_TYPE);
  const pushLength = (): void => {
    scratch.op(OP.localGet, local);
    if (!is64) scratch.u8(I64_EXTEND_I32_U);
  };
  scratch.op(OP.localTee, local);
  body.push(FATE.continues);
  pushLength();
  scratch.u8(I64_SUB);
  scratch.op(OP.localTee, body.fuelLocal);
  scratch.op(OP.i64Const, 0);
  scratch.u8(I64_LT_S);
  scratch.op(OP.if, 0x40);
  pushLength();
  scratch.op(OP.localGet, body.fuelLocal);
  body.anchor(start);
  scratch.op(OP.call, body.additions.helper(kind, index));
  scratch.op(OP.unreachable, OP.end);
  body.beginEdge(EXACT_NODE, RECORD.charge);
  body.anchor(start);
}
