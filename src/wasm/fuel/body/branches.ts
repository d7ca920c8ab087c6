/** Branches, and what else ends a stretch of code. */

import { GC_BASE, OP } from '../../instructions.js';
import { PLACE, PLACE_SHIFT, RECORD } from '../body-plan.js';
import { EXACT_NODE, FATE, RANK } from '../flow-graph.js';
import { ODDS_NOT_TAKEN } from './labels.js';
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
  if (body.isCatchTarget(target)) body.store(FATE.leaves);
  else body.endEdge(body.nodeOf(target));
  body.labels.repeats[target] = true;
  scratch.op(OP.br, body.labels.top - target);
  skipUnreachable(body);
}

export function readConditionalBranch(body: OpenBody): void {
  const label = body.reader.u32('a label');
  const target = body.targetOf(label);
  body.height--;
  const write = (): void => body.lists.scratch.op(OP.brIf, body.labels.top - target);
  if (body.isCatchTarget(target)) return branchExactly(body, write);
  if (body.arityOf(target) > 0) return branchShared(body, target, write);
  const split = body.graph.addNode();
  body.endEdge(split);
  const node = body.nodeOf(target);
  body.labels.repeats[target] = true;
  const edge = body.graph.addEdge(split, body.labels.oddsOf(target), RANK.branch);
  body.graph.endEdge(edge, node, 0, FATE.goes);
  body.graph.reach(node, body.graph.uncheckedAt(split));
  body.record(RECORD.branch, edge, body.labels.top - target);
  body.beginEdge(split, RECORD.charge, ODDS_NOT_TAKEN);
}

/** A branch to where exceptions are caught to: the fuel is stored whether it is taken or not. */
export function branchExactly(body: OpenBody, write: () => void): void {
  body.storeAndKeep(FATE.continues);
  write();
  body.beginEdge(EXACT_NODE, RECORD.charge);
}

/** A branch on which nothing can be charged: its targets get the potential of the place where it stands. */
export function branchShared(body: OpenBody, target: number, write: () => void): void {
  const split = body.graph.addNode();
  body.endEdge(split);
  share(body, split, target, body.labels.oddsOf(target));
  write();
  body.beginEdge(split, RECORD.charge, ODDS_NOT_TAKEN);
}

export function share(body: OpenBody, split: number, target: number, odds: number): void {
  const node = body.nodeOf(target);
  body.labels.repeats[target] = true;
  body.graph.link(split, node, odds);
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
    body.storeAndKeep(FATE.leaves);
    for (const target of seen) if (!body.isCatchTarget(target)) body.graph.unify(EXACT_NODE, body.nodeOf(target));
    for (const target of seen) body.graph.reach(body.nodeOf(target), body.unchecked);
  } else {
    body.endEdge(split);
    for (const target of seen) share(body, split, target, 1);
  }
  body.lists.scratch.copy(body.bytes, start, reader.position);
  skipUnreachable(body);
}

/** br_on_null, br_on_non_null, br_on_cast, br_on_cast_fail: the label comes next. */
export function readTypedBranch(body: OpenBody, start: number, code: number): void {
  const reader = body.reader;
  const target = body.targetOf(reader.u32('a label'));
  if (code >= GC_BASE) for (let left = 2; left > 0; left--) reader.skipLeb('a heap type', 5);
  const end = reader.position;
  const write = (): void => body.lists.scratch.copy(body.bytes, start, end);
  if (body.isCatchTarget(target)) branchExactly(body, write);
  else branchShared(body, target, write);
}

export function readUnreachable(body: OpenBody, start: number): void {
  const { scratch, anchors } = body.lists;
  body.store(FATE.dies);
  anchors.push2(scratch.length, start | (PLACE.exact << PLACE_SHIFT));
  scratch.u8(OP.unreachable);
  anchors.push2(scratch.length, body.reader.position);
  skipUnreachable(body);
}
