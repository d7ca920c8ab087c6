/**
 * Small innermost loops are written several times over, so that one check and one charge do for several rounds:
 *
 *     block                  the loop's exit
 *       loop                 charge and check
 *         block              what goes on with the loop in here goes on with the next copy
 *           body, br 2
 *         end
 *         body               the last copy goes back to the loop
 *       end
 *     end
 *
 * An engine does the same, but it keeps the check in every copy. What the original calls the loop's label is that of the block
 * around a copy, or the loop's; the labels in between are hidden from it.
 */

import { GC_BASE, MISC_BASE, OP, readCode, SIMD_BASE, skipOperands } from '../../instructions.js';
import { Reader } from '../../reader.js';
import { RECORD } from '../body-plan.js';
import { type BlockType, LABEL } from './labels.js';
import type { OpenBody, Unrolling } from './open-body.js';
import { closeLabel } from './unreachable.js';

/** Larger ones gain little, and make the module grow. */
const MAX_LOOP_BYTES = 96;
/** Loops around a `br_table` (interpreters, state machines) gain most, and are few. */
const MAX_DISPATCH_BYTES = 640;
/** Of loops that call something on the way out, which is seldom run. */
const MAX_BYTES_WITH_EXIT = 160;
const COPIES = 2;
/** Of loops of at most so many bytes there are more copies. */
const TINY_LOOP_BYTES = 24;
const TINY_COPIES = 4;
const VOID = 0x40;

/** The byte behind the end of the loop that has just begun, if it may be unrolled; else -1. */
export function endOfSmallLoop(body: OpenBody): number {
  const from = body.reader.position;
  let last = from + MAX_LOOP_BYTES;
  const reader = new Reader(body.bytes, from, body.reader.end);
  let repeats = false;
  let called = false;
  for (let depth = 0; reader.position < last; ) {
    const code = readCode(reader);
    if (code === OP.end && depth-- === 0) return repeats && !called ? reader.position : -1;
    if (code === OP.block || code === OP.if) depth++;
    if (code === OP.br || code === OP.brIf) {
      const label = reader.u32('a label');
      repeats ||= label === depth;
      if (label === depth && called) return -1;
      if (label > depth && code === OP.br) called = false;
    } else if (code === OP.call) {
      skipOperands(reader, code);
      called = true;
      last = Math.max(last, from + MAX_BYTES_WITH_EXIT);
    } else if (code === OP.brTable) {
      last = from + MAX_DISPATCH_BYTES;
      const labels = reader.u32('the number of labels');
      if (labels > MAX_DISPATCH_BYTES) return -1;
      for (let left = labels; left >= 0; left--) repeats = reader.u32('a label') === depth || repeats;
    } else if (isSimple(code)) {
      skipOperands(reader, code);
      if (code === OP.return || code === OP.unreachable) called = false;
    } else return -1;
  }
  return -1;
}

/** Whether an instruction is one that computes or branches within the function, and holds no label. */
function isSimple(code: number): boolean {
  if (code >= GC_BASE) return code >= SIMD_BASE || (code >= MISC_BASE && code < MISC_BASE + 8);
  if (code < 0x1a) return SIMPLE_CONTROL.has(code);
  return !NOT_SIMPLE.has(code);
}

const SIMPLE_CONTROL = new Set<number>([OP.unreachable, 0x01, OP.block, OP.if, OP.else, OP.end, OP.return]);
const NOT_SIMPLE = new Set<number>([OP.tryTable, OP.memoryGrow, OP.brOnNull, OP.brOnNonNull]);

/** Begins a loop whose code ends at that byte; its type has been read, and takes no operands. */
export function beginUnrolled(body: OpenBody, end: number, type: BlockType, write: (opcode: number) => void): void {
  const start = body.reader.position;
  const left = end - start <= TINY_LOOP_BYTES ? TINY_COPIES : COPIES;
  write(OP.block);
  body.pushLabel(LABEL.block, type);
  body.pushLabel(LABEL.loop, type);
  const loop = body.labels.top;
  body.endEdge(body.nodeOf(loop));
  write(OP.loop);
  body.beginEdge(body.labels.nodes[loop] as number, RECORD.loop);
  body.unrolling = { start, end, left, label: loop, hidden: 1 };
  beginCopy(body, body.unrolling);
}

function beginCopy(body: OpenBody, unrolling: Unrolling): void {
  unrolling.hidden = 1;
  if (unrolling.left > 1) {
    body.lists.scratch.op(OP.block, VOID);
    body.pushLabel(LABEL.copy, { params: 0, results: 0 });
    unrolling.hidden = 2;
  }
  unrolling.label = body.labels.top;
  body.reader.position = unrolling.start;
}

/** A copy that is not the last has been read. */
export function endCopy(body: OpenBody): void {
  const { scratch } = body.lists;
  const { labels } = body;
  const unrolling = body.unrolling as Unrolling;
  const copy = labels.top;
  if (body.edge >= 0) {
    body.endEdge(body.nodeOf(copy - 2));
    scratch.op(OP.br, 2);
  }
  scratch.u8(OP.end);
  body.popLabel();
  if (labels.nodes[copy] !== -1) {
    body.beginAtLabel(copy);
    unrolling.left--;
    return beginCopy(body, unrolling);
  }
  body.reader.position = unrolling.end;
  scratch.u8(OP.unreachable);
  endUnrolled(body);
}

/** The last copy has been read. */
export function endUnrolled(body: OpenBody): void {
  const { scratch } = body.lists;
  const loop = body.labels.top;
  const leaves = body.edge >= 0;
  if (leaves) body.endEdge(body.nodeOf(loop - 1));
  scratch.u8(OP.end);
  if (!leaves) scratch.u8(OP.unreachable);
  scratch.u8(OP.end);
  body.unrolling = undefined;
  body.popLabel();
  closeLabel(body);
}
