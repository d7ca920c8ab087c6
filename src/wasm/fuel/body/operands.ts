/** Immediates of instructions that are copied as they are. */

import { DELTAS, OP, OPERANDS, skipOperands } from '../../instructions.js';
import { checkIndex } from '../constants.js';
import type { OpenBody } from './open-body.js';

const OPERAND_NAMES: Readonly<Record<string, string>> = {
  t: 'table',
  m: 'memory',
  d: 'data segment',
  e: 'element segment',
  y: 'type',
};

export function deltaOf(body: OpenBody, code: number): number {
  const { types } = body.shape;
  if (code === OP.structNew) return 1 - (types[body.lastType]?.fields ?? 0);
  if (code === OP.arrayNewFixed) return 1 - body.lastNumber;
  return DELTAS[code] as number;
}

/** Passes over the immediates and holds every index against the original module. */
export function checkOperands(body: OpenBody, code: number): void {
  const reader = body.reader;
  const shape = body.shape;
  const operands = OPERANDS[code] as string;
  const counts: Record<string, number> = {
    t: shape.tables.length,
    m: shape.memories.length,
    d: shape.dataSegments,
    e: shape.elementSegments,
    y: shape.types.length,
  };
  if (operands === 'a' || operands === 'a1') {
    checkMemoryArgument(body);
    if (operands === 'a1') reader.skip(1, 'a lane');
    return;
  }
  const simple = [...operands].every((letter) => letter in counts || letter === 'u');
  if (!simple) return skipOperands(reader, code);
  for (const letter of operands) {
    const offset = reader.position;
    const index = reader.u32('an index');
    if (letter === 'u') body.lastNumber = index;
    else checkIndex(index, counts[letter] as number, OPERAND_NAMES[letter] as string, offset);
    if (letter === 'y') body.lastType = index;
  }
}

export function checkMemoryArgument(body: OpenBody): void {
  const reader = body.reader;
  const offset = reader.position;
  const flags = reader.u32('an alignment');
  const memory = (flags & 0x40) === 0 ? 0 : reader.u32('a memory');
  checkIndex(memory, body.shape.memories.length, 'memory', offset);
  reader.skipLeb('an offset', 10);
}
