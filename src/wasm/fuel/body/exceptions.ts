/**
 * Exceptions of both kinds. Where one is caught, the parameter holds the fuel from before the call that threw: so whoever throws
 * stores it in the global, and the handler takes it from there.
 */

import { OP } from '../../instructions.js';
import { malformed } from '../../reader.js';
import { checkIndex } from '../constants.js';
import { FATE } from '../flow-graph.js';
import type { TypeEntry } from '../shape.js';
import { LABEL } from './labels.js';
import type { OpenBody } from './open-body.js';
import { endArm, readBlockType } from './structure.js';
import { closeLabel, skipUnreachable } from './unreachable.js';

export function readCatch(body: OpenBody, opcode: number): void {
  const { scratch } = body.lists;
  endArm(body);
  scratch.u8(opcode);
  body.height = body.labels.heights[body.labels.top] as number;
  if (opcode === OP.catch) {
    const tag = readTag(body);
    scratch.u32(tag);
    body.height += (body.shape.types[body.shape.tags[tag] as number] as TypeEntry).params;
  }
  body.unchecked = 0;
  body.load();
}

export function readTag(body: OpenBody): number {
  const offset = body.reader.position;
  const tag = body.reader.u32('a tag');
  checkIndex(tag, body.shape.tags.length, 'tag', offset);
  return tag;
}

export function readTryTable(body: OpenBody): void {
  const reader = body.reader;
  const { type, write } = readBlockType(body);
  const start = reader.position;
  for (let left = reader.count('catch clauses', reader.remaining); left > 0; left--) {
    const kind = reader.u8('a catch clause');
    if (kind > 3) throw malformed(reader.position - 1, `expected a catch clause (0 to 3), found ${kind}`);
    if (kind < 2) readTag(body);
    const target = body.targetOf(reader.u32('a label'));
    body.catchTargets.add(body.labels.ordinals[target] as number);
    // So that what is behind that label counts as reachable, the first time too.
    body.nodeOf(target);
  }
  write(OP.tryTable);
  body.lists.scratch.copy(body.bytes, start, reader.position);
  body.pushLabel(LABEL.block, type);
}

export function readDelegate(body: OpenBody, start: number): void {
  body.reader.u32('a label');
  endArm(body);
  body.lists.scratch.copy(body.bytes, start, body.reader.position);
  closeLabel(body);
}

export function readThrow(body: OpenBody, start: number, code: number): void {
  const { scratch, anchors } = body.lists;
  if (code === OP.throw) readTag(body);
  if (code === OP.rethrow) body.targetOf(body.reader.u32('a label'));
  body.store(FATE.dies);
  anchors.push2(scratch.length, start);
  scratch.copy(body.bytes, start, body.reader.position);
  skipUnreachable(body);
}
