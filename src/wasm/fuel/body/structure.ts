/** Structured instructions: blocks, loops, ifs, and where they end. */

import { OP, skipValueType } from '../../instructions.js';
import { malformed } from '../../reader.js';
import { RECORD } from '../body-plan.js';
import { FATE, RANK } from '../flow-graph.js';
import { type BlockType, LABEL } from './labels.js';
import { passLoop } from './loop-checks.js';
import type { OpenBody } from './open-body.js';
import { closeLabel, closeUnreachable } from './unreachable.js';
import { beginUnrolled, endCopy, endOfSmallLoop, endUnrolled } from './unrolling.js';

/** Reads a block type and writes it: types of blocks stay as they were. */
export function readBlockType(body: OpenBody): { type: BlockType; write: (opcode: number) => void } {
  const reader = body.reader;
  const { scratch } = body.lists;
  const start = reader.position;
  const first = reader.bytes[start] as number;
  if (first === 0x40 || (first > 0x40 && first < 0x80)) {
    skipValueType(reader);
    const end = reader.position;
    const write = (opcode: number): void => {
      scratch.u8(opcode);
      scratch.copy(body.bytes, start, end);
    };
    return { type: { params: 0, results: first === 0x40 ? 0 : 1 }, write };
  }
  const index = reader.u32('a block type');
  const type = body.shape.types[index];
  if (type === undefined) throw malformed(start, `type ${index} is not there`);
  const original = body.additions.originalType(index);
  const write = (opcode: number): void => {
    scratch.u8(opcode);
    scratch.signed(original);
  };
  return { type, write };
}

export function readBlock(body: OpenBody, opcode: number): void {
  const { type, write } = readBlockType(body);
  write(opcode);
  body.pushLabel(opcode === OP.try ? LABEL.try : LABEL.block, type);
}

export function readLoop(body: OpenBody): void {
  const { type, write } = readBlockType(body);
  const covered = passLoop(body);
  const small = type.params === 0 ? endOfSmallLoop(body) : -1;
  if (small >= 0) return beginUnrolled(body, small, type, write);
  const ordinal = body.ordinal;
  const caught = body.catchTargets.has(ordinal);
  body.pushLabel(LABEL.loop, type);
  if (caught) body.store(FATE.continues);
  else body.endEdge(body.nodeOf(body.labels.top));
  write(OP.loop);
  if (caught) return body.load();
  body.labels.records[body.labels.top] = body.lists.records.length;
  body.labels.covered[body.labels.top] = covered;
  body.beginEdge(body.labels.nodes[body.labels.top] as number, RECORD.loop);
}

export function readIf(body: OpenBody): void {
  const { type, write } = readBlockType(body);
  body.height--;
  const node = body.graph.addNode();
  body.endEdge(node);
  body.pushLabel(LABEL.if, type);
  body.labels.splits[body.labels.top] = node;
  write(OP.if);
  body.beginEdge(node, RECORD.charge);
}

export function readElse(body: OpenBody): void {
  const top = body.labels.top;
  endArm(body);
  body.lists.scratch.u8(OP.else);
  body.labels.kinds[top] = LABEL.else;
  body.height = (body.labels.heights[top] as number) + (body.labels.params[top] as number);
  body.beginEdge(body.labels.splits[top] as number, RECORD.charge);
}

/** The code of an arm runs on to the end of its block. */
export function endArm(body: OpenBody): void {
  if (body.edge < 0) return;
  if (body.isCatchTarget(body.labels.top)) body.store(FATE.leaves);
  else body.endEdge(body.nodeOf(body.labels.top));
}

export function readEnd(body: OpenBody): void {
  const top = body.labels.top;
  if (top === 0) return endFunction(body);
  const kind = body.labels.kinds[top];
  const { scratch } = body.lists;
  if (kind === LABEL.copy) return endCopy(body);
  if (body.unrolling?.label === top) return endUnrolled(body);
  if (kind === LABEL.loop) {
    scratch.u8(OP.end);
    if (body.edge < 0) return closeUnreachable(body);
    return body.popLabel();
  }
  if (kind === LABEL.if) {
    const node = body.nodeOf(top);
    endArm(body);
    addElseArm(body, top, node);
  } else if (body.labels.nodes[top] !== -1) {
    endArm(body);
  }
  scratch.u8(OP.end);
  if (body.labels.nodes[top] === -1 && body.edge >= 0) return body.popLabel();
  closeLabel(body);
}

/** The way past an `if` whose condition was false. */
export function addElseArm(body: OpenBody, top: number, node: number): void {
  const { scratch } = body.lists;
  const caught = body.isCatchTarget(top);
  const edge = body.graph.addEdge(body.labels.splits[top] as number, 1, RANK.branch);
  body.graph.endEdge(edge, node, 0, FATE.goes);
  body.graph.reach(node, body.graph.uncheckedAt(body.labels.splits[top] as number));
  if (!caught) {
    body.record(RECORD.elseArm, edge, 0);
    return;
  }
  scratch.u8(OP.else);
  body.graph.markPushed(edge);
  body.record(RECORD.push, edge, -1);
  scratch.op(OP.globalSet, body.additions.fuelGlobal);
}

export function endFunction(body: OpenBody): void {
  const { scratch } = body.lists;
  if ((body.labels.nodes[0] as number) >= 0) {
    endArm(body);
    scratch.u8(OP.end);
    body.beginAtLabel(0);
  }
  // The emitter writes the function's end.
  if (body.edge >= 0) body.leave();
  body.labels.top = -1;
}
