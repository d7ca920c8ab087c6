/**
 * What things cost, in units of fuel. The table has a version: numbers that were counted under different versions cannot be
 * compared, so it is reported with the usage and is part of the key under which metered modules are cached.
 *
 * An instruction costs 1 when it begins to execute, whatever becomes of it. Free are those that are only structure, and those
 * that compilers use for shape: see FREE_INSTRUCTIONS. Work that depends on operands is charged on top (DYNAMIC).
 */

import { OP } from '../instructions.js';

/** Raise it whenever a number below, or what it is multiplied with, changes. */
export const FUEL_VERSION = 1;

const INSTRUCTION = 1;

/** Instructions that cost nothing. `catch`, `catch_all` and `delegate` delimit, like `else`. */
export const FREE_INSTRUCTIONS: readonly number[] = [
  OP.unreachable,
  0x01, // nop
  OP.block,
  OP.loop,
  OP.else,
  OP.catch,
  OP.end,
  OP.return,
  OP.delegate,
  OP.catchAll,
  0x1a, // drop
];

/** The weight of every instruction by its code (`instructions.ts`). */
export const WEIGHTS: Uint8Array = makeWeights();

export const DYNAMIC = {
  /**
   * Per byte that memory.fill, memory.copy and memory.init are asked for, but no more bytes than the (first) memory has: a larger
   * request traps without working. The same per slot for table.fill, table.copy and table.init.
   */
  bulkUnit: 1,
  /** Per element that array.new, array.new_data, array.new_elem, array.fill, array.copy and array.init are asked for. */
  arrayElement: 1,
  /** Per page that memory.grow adds, and that a module begins with: the engine's work of handing out 64 KiB of zeros. */
  page: 4_096,
  /** Per slot that table.grow adds, and that a module's tables begin with. */
  tableSlot: 1,
  /** Per local that a function declares, at its entry. Parameters are free. */
  local: 1,
  /** Per byte that the host copies into or out of the guest's memory: strings, bytes, and the records around them. */
  crossedByte: 1,
  /** Per byte of an active data segment and per slot of an active element segment, when the module is instantiated. */
  segmentUnit: 1,
} as const;

function makeWeights(): Uint8Array {
  const weights = new Uint8Array(0x400).fill(INSTRUCTION);
  for (const code of FREE_INSTRUCTIONS) weights[code] = 0;
  return weights;
}
