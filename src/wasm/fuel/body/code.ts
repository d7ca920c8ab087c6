/** The loop over the instructions of a body, and what is done with each. */

import { DELTAS, GC_BASE, MISC_BASE, OP, OPERANDS, readCode, SIMD_BASE } from '../../instructions.js';
import { malformed } from '../../reader.js';
import { ADDED_BEFORE_LOCALS } from '../body-plan.js';
import { checkIndex } from '../constants.js';
import { WEIGHTS } from '../weights.js';
import { readBranch, readBranchTable, readConditionalBranch, readTypedBranch, readUnreachable } from './branches.js';
import { readCall, readIndirectCall, readReferenceCall } from './calls.js';
import { readCatch, readDelegate, readThrow, readTryTable } from './exceptions.js';
import { MAX_UNCHECKED, type OpenBody } from './open-body.js';
import { checkMemoryArgument, checkOperands, deltaOf } from './operands.js';
import { readBlock, readElse, readEnd, readIf, readLoop } from './structure.js';
import { skipUnreachable } from './unreachable.js';
import { readArrayWork, readBulk, readMemoryGrow } from './work.js';

const FORM = { slow: 0, plain: 1, local: 2, memory: 3, number: 4 } as const;
const FORMS = makeForms();

function makeForms(): Uint8Array {
  const forms = new Uint8Array(256);
  OPERANDS.slice(0, 256).forEach((operands, code) => {
    if (code <= 0x19 && code !== 0x01) return;
    if (operands === '') forms[code] = FORM.plain;
    if (operands === 'l') forms[code] = FORM.local;
    if (operands === 'a') forms[code] = FORM.memory;
    if (operands === 'i' || operands === 'I') forms[code] = FORM.number;
  });
  for (const code of [0x01, 0x1a, 0x1b]) forms[code] = FORM.plain;
  return forms;
}

/** The loop over the instructions. The frequent forms are handled here; the others leave the loop's variables in the fields. */
export function readInstructions(body: OpenBody): void {
  const bytes = body.bytes;
  const reader = body.reader;
  const { scratch, anchors } = body.lists;
  const { end } = reader;
  const plainLocals = body.plainLocals;
  const allLocals = body.allLocals;
  let at = reader.position;
  let out = scratch.bytes;
  let to = scratch.length;
  // No difference at all at first, so that the first instruction has an anchor.
  let difference = Number.NaN;
  let height = 0;
  let maxHeight = 0;
  while (body.labels.top >= 0) {
    if (at >= end) throw malformed(at, 'expected an instruction, found the end of the function');
    if (to + 32 > out.length) {
      scratch.length = to;
      scratch.reserve(4_096);
      out = scratch.bytes;
    }
    if (to - at !== difference) {
      anchors.push2(to, at);
      difference = to - at;
    }
    const opcode = bytes[at] as number;
    const form = FORMS[opcode] as number;
    if (form !== FORM.slow) {
      out[to++] = opcode;
      at++;
      body.weight += WEIGHTS[opcode] as number;
      height += DELTAS[opcode] as number;
      if (form === FORM.local) {
        let index = bytes[at++] as number;
        if (index >= 0x80) {
          reader.position = at - 1;
          index = reader.u32('a local');
          at = reader.position;
        }
        if (index >= allLocals) throw malformed(at, `local ${index} is not among the ${allLocals} there are`);
        if (index >= plainLocals) index += ADDED_BEFORE_LOCALS;
        for (; index >= 0x80; index >>>= 7) out[to++] = (index & 0x7f) | 0x80;
        out[to++] = index;
      } else if (form === FORM.number) {
        let byte = bytes[at++] as number;
        out[to++] = byte;
        for (let read = 1; byte >= 0x80; read++) {
          if (read === 10) throw malformed(at, 'a LEB128 number of more than 10 bytes');
          byte = bytes[at++] as number;
          out[to++] = byte;
        }
      } else if (form === FORM.memory) {
        const alignment = bytes[at++] as number;
        out[to++] = alignment;
        const first = bytes[at] as number;
        if (alignment < 0x40 && first < 0x80 && body.shape.memories.length > 0) {
          out[to++] = first;
          at++;
        } else {
          const start = at;
          reader.position = at - 1;
          checkMemoryArgument(body);
          at = reader.position;
          for (let position = start; position < at; position++) out[to++] = bytes[position] as number;
        }
      }
      if (height > maxHeight) maxHeight = height;
      if (body.weight <= MAX_UNCHECKED) continue;
    }
    scratch.length = to;
    reader.position = at;
    body.height = height;
    const anchored = anchors.length;
    if (form === FORM.slow) readSlow(body, opcode);
    if (body.weight > MAX_UNCHECKED && body.edge >= 0) body.split();
    at = reader.position;
    out = scratch.bytes;
    to = scratch.length;
    height = body.height;
    if (height > maxHeight) maxHeight = height;
    if (anchors.length !== anchored) difference = Number.NaN;
  }
  if (at !== end) throw malformed(at, `a function body has ${end - at} bytes more than its code`);
  body.maxHeight = maxHeight;
}

/** An instruction with a treatment of its own, or rare. */
export function readSlow(body: OpenBody, opcode: number): void {
  const start = body.reader.position;
  const code = readCode(body.reader);
  body.weight += WEIGHTS[code] as number;
  switch (opcode) {
    case OP.block:
    case OP.try:
      return readBlock(body, opcode);
    case OP.loop:
      return readLoop(body);
    case OP.if:
      return readIf(body);
    case OP.else:
      return readElse(body);
    case OP.catch:
    case OP.catchAll:
      return readCatch(body, opcode);
    case OP.tryTable:
      return readTryTable(body);
    case OP.end:
      return readEnd(body);
    case OP.delegate:
      return readDelegate(body, start);
    case OP.br:
      return readBranch(body);
    case OP.brIf:
      return readConditionalBranch(body);
    case OP.brTable:
      return readBranchTable(body);
    case OP.brOnNull:
    case OP.brOnNonNull:
      body.height += DELTAS[code] as number;
      return readTypedBranch(body, start, code);
    case OP.return:
      body.leave();
      body.lists.scratch.u8(OP.return);
      return skipUnreachable(body);
    case OP.unreachable:
      return readUnreachable(body, start);
    case OP.throw:
    case OP.rethrow:
    case OP.throwRef:
      return readThrow(body, start, code);
    case OP.call:
    case OP.returnCall:
      return readCall(body, opcode);
    case OP.callIndirect:
    case OP.returnCallIndirect:
      return readIndirectCall(body, opcode, start);
    case OP.callRef:
    case OP.returnCallRef:
      return readReferenceCall(body, opcode, start);
    case OP.globalGet:
    case OP.globalSet:
      return readGlobal(body, opcode, start);
    case OP.refFunc:
      return readFunctionReference(body, start);
    case OP.memoryGrow:
      return readMemoryGrow(body, start);
    default:
      return readOther(body, code, start);
  }
}

/** Instructions that are copied as they are once their indexes are checked, and bulk operations. */
export function readOther(body: OpenBody, code: number, start: number): void {
  if (code === OP.brOnCast || code === OP.brOnCastFail) {
    body.reader.skip(1, 'the flags of a cast');
    return readTypedBranch(body, start, code);
  }
  if (code >= SIMD_BASE) body.usesVectors = true;
  else if (code >= MISC_BASE && readBulk(body, code, start)) return;
  else if (code >= GC_BASE) readArrayWork(body, code, start);
  checkOperands(body, code);
  body.grow(deltaOf(body, code));
  body.lists.scratch.copy(body.bytes, start, body.reader.position);
}

export function readGlobal(body: OpenBody, opcode: number, start: number): void {
  const index = body.reader.u32('a global');
  checkIndex(index, body.shape.globals, 'global', start);
  body.lists.scratch.op(opcode, body.additions.global(index));
  body.grow(DELTAS[opcode] as number);
}

export function readFunctionReference(body: OpenBody, start: number): void {
  const index = body.reader.u32('a function');
  checkIndex(index, body.shape.functions.length, 'function', start);
  body.additions.referenced.add(index);
  body.additions.codeReferences.add(index);
  body.lists.scratch.op(OP.refFunc, body.additions.functionReference(index));
  body.grow(1);
}
