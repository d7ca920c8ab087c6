/** Calls: the fuel is passed behind the arguments and comes back behind the results. */

import { OP } from '../../instructions.js';
import { malformed } from '../../reader.js';
import { RECORD } from '../body-plan.js';
import { checkIndex } from '../constants.js';
import { EXACT_NODE, FATE } from '../flow-graph.js';
import { Scratch } from '../scratch.js';
import { type TypeEntry, typeOfFunction } from '../shape.js';
import { passCall } from './loop-checks.js';
import { I32_TYPE, I64_TYPE, type OpenBody } from './open-body.js';
import { skipUnreachable } from './unreachable.js';

/** Functions without calls that weigh no more than this need no check at entry; callers reckon with as much for every call. */
export const MAX_UNCHECKED_LEAF = 256;

export function readCall(body: OpenBody, opcode: number): void {
  const { scratch, callees } = body.lists;
  const offset = body.reader.position;
  const index = body.reader.u32('a function');
  checkIndex(index, body.shape.functions.length, 'function', offset);
  callees.push2(index, neverReturns(body) ? 1 : 0);
  const callee = body.additions.functionReference(index);
  if (opcode === OP.returnCall) {
    body.additions.tailCalled.add(index);
    body.leaveByCall();
    scratch.op(opcode, callee);
    return skipUnreachable(body);
  }
  body.record(RECORD.call, neverReturns(body) ? 1 : 0, index);
  passCall(body, index);
  body.push(FATE.continues, index);
  scratch.op(opcode, callee);
  afterCall(body, typeOfFunction(body.shape, index), 0, index);
}

/** The fuel is on top of the results. */
export function afterCall(body: OpenBody, type: TypeEntry, popped: number, callee: number): void {
  body.hasCalls = true;
  body.grow(type.results - type.params - popped);
  body.unchecked += MAX_UNCHECKED_LEAF;
  body.beginEdge(EXACT_NODE, RECORD.setFuel);
  if (!neverReturns(body)) body.record(RECORD.returned, 0, callee);
}

/** Whether the compiler knew that the call just read does not return (a panic, mostly): then nothing need be put back behind it. */
function neverReturns({ reader }: OpenBody): boolean {
  return reader.bytes[reader.position] === OP.unreachable && reader.remaining > 0;
}

export function readIndirectCall(body: OpenBody, opcode: number, start: number): void {
  const reader = body.reader;
  const { callees } = body.lists;
  const typeIndex = reader.u32('a type');
  const type = body.shape.types[typeIndex];
  if (type === undefined) throw malformed(start, `type ${typeIndex} is not there`);
  const table = body.shape.tables[reader.u32('a table')];
  if (table === undefined) throw malformed(start, 'a call through a table that is not there');
  callees.push2(-1 - typeIndex, neverReturns(body) ? 1 : 0);
  const local = table.is64 ? body.addLocal('i64', I64_TYPE) : body.addLocal('i32', I32_TYPE);
  callWith(body, local, opcode === OP.returnCallIndirect, start, type, -1 - typeIndex);
}

export function readReferenceCall(body: OpenBody, opcode: number, start: number): void {
  const typeIndex = body.reader.u32('a type');
  const type = body.shape.types[typeIndex];
  if (type === undefined) throw malformed(start, `type ${typeIndex} is not there`);
  body.lists.callees.push2(-1 - typeIndex, neverReturns(body) ? 1 : 0);
  const local = body.addLocal(`ref ${typeIndex}`, nullableReference(typeIndex));
  callWith(body, local, opcode === OP.returnCallRef, start, type, -1 - typeIndex);
}

/** The callee is on top of the operands; the fuel must come before it. */
export function callWith(
  body: OpenBody,
  local: number,
  tail: boolean,
  start: number,
  type: TypeEntry,
  callee: number,
): void {
  const { scratch, anchors } = body.lists;
  scratch.op(OP.localSet, local);
  if (tail) body.leaveByCall();
  else {
    body.record(RECORD.call, neverReturns(body) ? 1 : 0, callee);
    body.push(FATE.continues);
  }
  scratch.op(OP.localGet, local);
  anchors.push2(scratch.length, start);
  scratch.copy(body.bytes, start, body.reader.position);
  if (!tail) return afterCall(body, type, 1, callee);
  skipUnreachable(body);
}

/** `(ref null index)`. */
function nullableReference(index: number): Uint8Array {
  const out = new Scratch(8);
  out.u8(0x63);
  out.signed(index);
  return out.finish();
}
