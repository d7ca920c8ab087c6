/**
 * A `br_table` some of whose ways are charged. Without that, all its targets would have to share a potential, and what joins behind
 * them (the `match` of an interpreter's loop) be charged in every round besides its arms:
 *
 *     local.set operand
 *     block block
 *       local.get operand, br_table …     the charged ways go to the ends of these blocks
 *     end charge, br first
 *     end charge, br second
 */

import { OP } from '../instructions.js';
import { Reader } from '../reader.js';
import type { Scratch } from './scratch.js';

const VOID = 0x40;

/** A way that is charged: the label behind which it goes on. */
export interface ChargedWay {
  readonly label: number;
  readonly charge: number;
}

/**
 * Writes the instruction.
 * @param labels how many labels, then they and the default, as they stand in the instruction
 * @param ways empty where nothing is charged
 * @param operand a local that may be used
 */
export function writeTable(
  out: Scratch,
  labels: Uint8Array,
  ways: readonly ChargedWay[],
  operand: number,
  charge: (amount: number) => void,
): void {
  if (ways.length === 0) {
    out.u8(OP.brTable);
    out.copy(labels, 0, labels.length);
    return;
  }
  out.op(OP.localSet, operand);
  for (let left = ways.length; left > 0; left--) out.op(OP.block, VOID);
  out.op(OP.localGet, operand);
  out.u8(OP.brTable);
  const places = new Map(ways.map(({ label }, place) => [label, place]));
  const reader = new Reader(labels, 0, labels.length);
  out.u32(reader.u32('labels'));
  while (!reader.done) {
    const label = reader.u32('a label');
    out.reserve(8);
    out.u32(places.get(label) ?? label + ways.length);
  }
  for (const [place, way] of ways.entries()) {
    out.u8(OP.end);
    charge(way.charge);
    out.op(OP.br, way.label + ways.length - 1 - place);
  }
}
