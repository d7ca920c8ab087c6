/** Branches, and what else ends a stretch of code. */

import { GC_BASE, OP } from '../../instructions.js';
import { PLACE, PLACE_SHIFT, RECORD } from '../body-plan.js';
import { EXACT_NODE, FATE, RANK } from '../flow-graph.js';
import { ODDS_NOT_TAKEN } from './labels.js';
import { I32_TYPE, type OpenBody } from './open-body.js';
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

/** Each way that it can go gets a charge of its own where no operands are taken along: `emit.ts` puts it on the way. */
export function readBranchTable(body: OpenBody): void {
  const { reader, graph } = body;
  const start = reader.position;
  const seen = new Set<number>();
  readLabels(body, (target) => seen.add(target));
  const targets = [...seen];
  body.height--;
  if (targets.some((target) => body.isCatchTarget(target))) leaveExactly(body, targets);
  else {
    const split = graph.addNode();
    body.endEdge(split);
    const divided = targets.length > 1 && targets.every((target) => body.arityOf(target) === 0);
    for (const target of targets) {
      if (divided) chargeTarget(body, split, target);
      else share(body, split, target, 1);
    }
  }
  const operand = targets.length > 1 ? body.addLocal('i32', I32_TYPE) : 0;
  body.record(RECORD.table, operand, 0);
  const { scratch } = body.lists;
  reader.position = start;
  scratch.u32(reader.count('labels', reader.remaining));
  reader.position = start;
  readLabels(body, (target) => scratch.u32(body.labels.top - target));
  skipUnreachable(body);
}

/** Reads the labels of a `br_table`; answers how many there are but for the default. */
function readLabels(body: OpenBody, each: (target: number) => void): number {
  const { reader } = body;
  const count = reader.count('labels', reader.remaining);
  for (let left = count; left >= 0; left--) each(body.targetOf(reader.u32('a label')));
  return count;
}

/** Some of the labels are where exceptions are caught to. */
function leaveExactly(body: OpenBody, targets: readonly number[]): void {
  body.storeAndKeep(FATE.leaves);
  for (const target of targets) {
    if (!body.isCatchTarget(target)) body.graph.unify(EXACT_NODE, body.nodeOf(target));
    body.graph.reach(body.nodeOf(target), body.unchecked);
  }
}

function chargeTarget(body: OpenBody, split: number, target: number): void {
  const { graph, labels } = body;
  const node = body.nodeOf(target);
  labels.repeats[target] = true;
  const edge = graph.addEdge(split, 1, RANK.table);
  graph.endEdge(edge, node, 0, FATE.goes);
  graph.reach(node, graph.uncheckedAt(split));
  body.record(RECORD.tableTarget, edge, labels.top - target);
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
