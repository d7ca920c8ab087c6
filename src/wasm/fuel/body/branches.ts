/** Branches, and what else ends a stretch of code. */

import { GC_BASE, OP } from '../../instructions.js';
import { PLACE, PLACE_SHIFT, RECORD } from '../body-plan.js';
import { EXACT_NODE } from '../flow-graph.js';
import type { OpenBody } from './open-body.js';
import { skipUnreachable } from './unreachable.js';

export function readBranch(body: OpenBody): void {
  const { scratch } = body.lists;
  const label = body.reader.u32('a label');
  const target = body.targetOf(label);
  if (target === 0 && !body.isCatchTarget(0)) {
    body.leave();
    scratch.u8(OP.return);
    return skipUnreachable(body);
  }
  if (body.isCatchTarget(target)) body.store(body.frequencyAt(target));
  else body.endEdge(body.nodeOf(target), body.frequencyAt(target) - 2);
  scratch.op(OP.br, label);
  skipUnreachable(body);
}

export function readConditionalBranch(body: OpenBody, start: number): void {
  const label = body.reader.u32('a label');
  const target = body.targetOf(label);
  body.height--;
  if (body.isCatchTarget(target)) return branchExactly(body, start);
  if (body.arityOf(target) > 0) return branchShared(body, start, [target]);
  const split = body.graph.addNode();
  const here = body.frequency(body.loopDepth, body.ifDepth, 3);
  body.endEdge(split);
  const node = body.nodeOf(target);
  const frequency = Math.min(here, body.frequencyAt(target));
  const edge = body.graph.addEdge(split, frequency);
  body.graph.endEdge(edge, node, 0, frequency);
  body.graph.reach(node, body.graph.uncheckedAt(split));
  body.record(RECORD.branch, edge, label);
  body.beginEdge(split, RECORD.charge);
}

/** A branch to where exceptions are caught to: the fuel is stored whether it is taken or not. */
export function branchExactly(body: OpenBody, start: number): void {
  body.storeAndKeep();
  body.lists.scratch.copy(body.bytes, start, body.reader.position);
  body.beginEdge(EXACT_NODE, RECORD.charge);
}

/** A branch on which nothing can be charged: its targets get the potential of the place where it stands. */
export function branchShared(body: OpenBody, start: number, targets: readonly number[]): void {
  const split = body.graph.addNode();
  body.endEdge(split);
  for (const target of targets) share(body, split, target);
  body.lists.scratch.copy(body.bytes, start, body.reader.position);
  body.beginEdge(split, RECORD.charge);
}

export function share(body: OpenBody, split: number, target: number): void {
  const node = body.nodeOf(target);
  body.graph.unify(split, node);
  body.graph.reach(node, body.graph.uncheckedAt(split));
}

export function readBranchTable(body: OpenBody, start: number): void {
  const reader = body.reader;
  const split = body.graph.addNode();
  const seen = new Set<number>();
  let caught = false;
  for (let left = reader.count('labels', reader.remaining); left >= 0; left--) {
    const target = body.targetOf(reader.u32('a label'));
    seen.add(target);
    if (body.isCatchTarget(target)) caught = true;
  }
  body.height--;
  if (caught) {
    body.storeAndKeep();
    for (const target of seen) if (!body.isCatchTarget(target)) body.graph.unify(EXACT_NODE, body.nodeOf(target));
    for (const target of seen) body.graph.reach(body.nodeOf(target), body.unchecked);
  } else {
    body.endEdge(split);
    for (const target of seen) share(body, split, target);
  }
  body.lists.scratch.copy(body.bytes, start, reader.position);
  skipUnreachable(body);
}

/** br_on_null, br_on_non_null, br_on_cast, br_on_cast_fail: the label comes next. */
export function readTypedBranch(body: OpenBody, start: number, code: number): void {
  const reader = body.reader;
  const target = body.targetOf(reader.u32('a label'));
  if (code >= GC_BASE) for (let left = 2; left > 0; left--) reader.skipLeb('a heap type', 5);
  if (body.isCatchTarget(target)) branchExactly(body, start);
  else branchShared(body, start, [target]);
}

export function readUnreachable(body: OpenBody, start: number): void {
  const { scratch, anchors } = body.lists;
  body.store(0);
  anchors.push2(scratch.length, start | (PLACE.exact << PLACE_SHIFT));
  scratch.u8(OP.unreachable);
  anchors.push2(scratch.length, body.reader.position);
  skipUnreachable(body);
}
