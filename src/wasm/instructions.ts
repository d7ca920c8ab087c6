/**
 * The instructions of WebAssembly 3.0, and the legacy exception handling that engines keep: how the immediates of each are
 * written and how it changes the height of the operand stack (core specification, section 5.4; the proposals of the features
 * for what came later). What is not in the tables is unknown and refused; threads and relaxed SIMD are refused by name, because
 * what they answer depends on the machine.
 *
 * An instruction is known here by its code: the opcode, or for the prefixes 0xfb, 0xfc and 0xfd their number plus a base.
 */

import { malformed, type Reader } from './reader.js';
import { unsupported } from './value-type.js';

/** Bases of the codes of prefixed instructions. */
export const GC_BASE = 0x100;
export const MISC_BASE = 0x200;
export const SIMD_BASE = 0x300;
const CODES = 0x400;

/** Opcodes that rewriting treats one by one. */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  throwRef: 0x0a,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  callRef: 0x14,
  returnCallRef: 0x15,
  delegate: 0x18,
  catchAll: 0x19,
  tryTable: 0x1f,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  refFunc: 0xd2,
  brOnNull: 0xd5,
  brOnNonNull: 0xd6,
  structNew: GC_BASE,
  arrayNew: GC_BASE + 6,
  arrayNewDefault: GC_BASE + 7,
  arrayNewFixed: GC_BASE + 8,
  arrayNewData: GC_BASE + 9,
  arrayNewElem: GC_BASE + 10,
  arrayFill: GC_BASE + 16,
  arrayCopy: GC_BASE + 17,
  arrayInitData: GC_BASE + 18,
  arrayInitElem: GC_BASE + 19,
  brOnCast: GC_BASE + 24,
  brOnCastFail: GC_BASE + 25,
  memoryInit: MISC_BASE + 8,
  memoryCopy: MISC_BASE + 10,
  memoryFill: MISC_BASE + 11,
  tableInit: MISC_BASE + 12,
  tableCopy: MISC_BASE + 14,
  tableGrow: MISC_BASE + 15,
  tableFill: MISC_BASE + 17,
} as const;

/**
 * Immediates, one letter each: l local, g global, f function, t table, m memory, d data segment, e element segment, y type,
 * x tag, k label, u number, a memory argument, i and I signed numbers of 32 and 64 bits, 1 4 8 and V that many bytes (V 16),
 * h heap type, b block type, w vector of value types, K vector of labels and one more, C vector of catch clauses.
 */
export const OPERANDS = Array.from<string | undefined>({ length: CODES });
/** How many operands each pushes less how many it pops, where that does not depend on types; else 0. */
export const DELTAS = new Int8Array(CODES);

/** Rows: first code, last code, immediates, change of the height. */
const ROWS: readonly (readonly [number, number, string, number])[] = [
  [0x00, 0x01, '', 0],
  [0x02, 0x03, 'b', 0],
  [0x04, 0x04, 'b', -1],
  [0x05, 0x05, '', 0],
  [0x06, 0x06, 'b', 0],
  [0x07, 0x08, 'x', 0],
  [0x09, 0x09, 'k', 0],
  [0x0a, 0x0b, '', 0],
  [0x0c, 0x0c, 'k', 0],
  [0x0d, 0x0d, 'k', -1],
  [0x0e, 0x0e, 'K', 0],
  [0x0f, 0x0f, '', 0],
  [0x10, 0x10, 'f', 0],
  [0x11, 0x11, 'yt', 0],
  [0x12, 0x12, 'f', 0],
  [0x13, 0x13, 'yt', 0],
  [0x14, 0x15, 'y', 0],
  [0x18, 0x18, 'k', 0],
  [0x19, 0x19, '', 0],
  [0x1a, 0x1a, '', -1],
  [0x1b, 0x1b, '', -2],
  [0x1c, 0x1c, 'w', -2],
  [0x1f, 0x1f, 'bC', 0],
  [0x20, 0x20, 'l', 1],
  [0x21, 0x21, 'l', -1],
  [0x22, 0x22, 'l', 0],
  [0x23, 0x23, 'g', 1],
  [0x24, 0x24, 'g', -1],
  [0x25, 0x25, 't', 0],
  [0x26, 0x26, 't', -2],
  [0x28, 0x35, 'a', 0],
  [0x36, 0x3e, 'a', -2],
  [0x3f, 0x3f, 'm', 1],
  [0x40, 0x40, 'm', 0],
  [0x41, 0x41, 'i', 1],
  [0x42, 0x42, 'I', 1],
  [0x43, 0x43, '4', 1],
  [0x44, 0x44, '8', 1],
  [0x45, 0x45, '', 0], // i32.eqz
  [0x46, 0x4f, '', -1],
  [0x50, 0x50, '', 0], // i64.eqz
  [0x51, 0x66, '', -1],
  [0x67, 0x69, '', 0], // i32.clz, ctz, popcnt
  [0x6a, 0x78, '', -1],
  [0x79, 0x7b, '', 0],
  [0x7c, 0x8a, '', -1],
  [0x8b, 0x91, '', 0], // f32.abs to sqrt
  [0x92, 0x98, '', -1],
  [0x99, 0x9f, '', 0],
  [0xa0, 0xa6, '', -1],
  [0xa7, 0xc4, '', 0], // conversions and sign extension
  [0xd0, 0xd0, 'h', 1],
  [0xd1, 0xd1, '', 0],
  [0xd2, 0xd2, 'f', 1],
  [0xd3, 0xd3, '', -1], // ref.eq
  [0xd4, 0xd4, '', 0], // ref.as_non_null
  [0xd5, 0xd5, 'k', 0],
  [0xd6, 0xd6, 'k', -1],
  [GC_BASE + 0, GC_BASE + 0, 'y', 0],
  [GC_BASE + 1, GC_BASE + 1, 'y', 1],
  [GC_BASE + 2, GC_BASE + 4, 'yu', 0],
  [GC_BASE + 5, GC_BASE + 5, 'yu', -2],
  [GC_BASE + 6, GC_BASE + 6, 'y', -1],
  [GC_BASE + 7, GC_BASE + 7, 'y', 0],
  [GC_BASE + 8, GC_BASE + 8, 'yu', 0],
  [GC_BASE + 9, GC_BASE + 9, 'yd', -1],
  [GC_BASE + 10, GC_BASE + 10, 'ye', -1],
  [GC_BASE + 11, GC_BASE + 13, 'y', -1],
  [GC_BASE + 14, GC_BASE + 14, 'y', -3],
  [GC_BASE + 15, GC_BASE + 15, '', 0],
  [GC_BASE + 16, GC_BASE + 16, 'y', -4],
  [GC_BASE + 17, GC_BASE + 17, 'yy', -5],
  [GC_BASE + 18, GC_BASE + 18, 'yd', -4],
  [GC_BASE + 19, GC_BASE + 19, 'ye', -4],
  [GC_BASE + 20, GC_BASE + 23, 'h', 0],
  [GC_BASE + 24, GC_BASE + 25, '1khh', 0],
  [GC_BASE + 26, GC_BASE + 30, '', 0],
  [MISC_BASE + 0, MISC_BASE + 7, '', 0],
  [MISC_BASE + 8, MISC_BASE + 8, 'dm', -3],
  [MISC_BASE + 9, MISC_BASE + 9, 'd', 0],
  [MISC_BASE + 10, MISC_BASE + 10, 'mm', -3],
  [MISC_BASE + 11, MISC_BASE + 11, 'm', -3],
  [MISC_BASE + 12, MISC_BASE + 12, 'et', -3],
  [MISC_BASE + 13, MISC_BASE + 13, 'e', 0],
  [MISC_BASE + 14, MISC_BASE + 14, 'tt', -3],
  [MISC_BASE + 15, MISC_BASE + 15, 't', -1],
  [MISC_BASE + 16, MISC_BASE + 16, 't', 1],
  [MISC_BASE + 17, MISC_BASE + 17, 't', -3],
  [SIMD_BASE + 0x00, SIMD_BASE + 0x0a, 'a', 0],
  [SIMD_BASE + 0x0b, SIMD_BASE + 0x0b, 'a', -2],
  [SIMD_BASE + 0x0c, SIMD_BASE + 0x0c, 'V', 1],
  [SIMD_BASE + 0x0d, SIMD_BASE + 0x0d, 'V', -1],
  [SIMD_BASE + 0x0e, SIMD_BASE + 0x0e, '', -1],
  [SIMD_BASE + 0x0f, SIMD_BASE + 0x14, '', 0],
  [SIMD_BASE + 0x15, SIMD_BASE + 0x22, '1', 0], // extract_lane; replace_lane is below
  [SIMD_BASE + 0x23, SIMD_BASE + 0x4c, '', -1],
  [SIMD_BASE + 0x4d, SIMD_BASE + 0x4d, '', 0],
  [SIMD_BASE + 0x4e, SIMD_BASE + 0x51, '', -1],
  [SIMD_BASE + 0x52, SIMD_BASE + 0x52, '', -2],
  [SIMD_BASE + 0x53, SIMD_BASE + 0x53, '', 0],
  [SIMD_BASE + 0x54, SIMD_BASE + 0x57, 'a1', -1],
  [SIMD_BASE + 0x58, SIMD_BASE + 0x5b, 'a1', -2],
  [SIMD_BASE + 0x5c, SIMD_BASE + 0x5d, 'a', 0],
  [SIMD_BASE + 0x5e, SIMD_BASE + 0x64, '', 0],
  [SIMD_BASE + 0x65, SIMD_BASE + 0x66, '', -1],
  [SIMD_BASE + 0x67, SIMD_BASE + 0x6a, '', 0],
  [SIMD_BASE + 0x6b, SIMD_BASE + 0x73, '', -1],
  [SIMD_BASE + 0x74, SIMD_BASE + 0x75, '', 0],
  [SIMD_BASE + 0x76, SIMD_BASE + 0x79, '', -1],
  [SIMD_BASE + 0x7a, SIMD_BASE + 0x7a, '', 0],
  [SIMD_BASE + 0x7b, SIMD_BASE + 0x7b, '', -1],
  [SIMD_BASE + 0x7c, SIMD_BASE + 0x81, '', 0],
  [SIMD_BASE + 0x82, SIMD_BASE + 0x82, '', -1],
  [SIMD_BASE + 0x83, SIMD_BASE + 0x84, '', 0],
  [SIMD_BASE + 0x85, SIMD_BASE + 0x86, '', -1],
  [SIMD_BASE + 0x87, SIMD_BASE + 0x8a, '', 0],
  [SIMD_BASE + 0x8b, SIMD_BASE + 0x93, '', -1],
  [SIMD_BASE + 0x94, SIMD_BASE + 0x94, '', 0],
  [SIMD_BASE + 0x95, SIMD_BASE + 0x99, '', -1],
  [SIMD_BASE + 0x9b, SIMD_BASE + 0x9f, '', -1],
  [SIMD_BASE + 0xa0, SIMD_BASE + 0xa1, '', 0],
  [SIMD_BASE + 0xa3, SIMD_BASE + 0xa4, '', 0],
  [SIMD_BASE + 0xa7, SIMD_BASE + 0xaa, '', 0],
  [SIMD_BASE + 0xab, SIMD_BASE + 0xae, '', -1],
  [SIMD_BASE + 0xb1, SIMD_BASE + 0xb1, '', -1],
  [SIMD_BASE + 0xb5, SIMD_BASE + 0xba, '', -1],
  [SIMD_BASE + 0xbc, SIMD_BASE + 0xbf, '', -1],
  [SIMD_BASE + 0xc0, SIMD_BASE + 0xc1, '', 0],
  [SIMD_BASE + 0xc3, SIMD_BASE + 0xc4, '', 0],
  [SIMD_BASE + 0xc7, SIMD_BASE + 0xca, '', 0],
  [SIMD_BASE + 0xcb, SIMD_BASE + 0xce, '', -1],
  [SIMD_BASE + 0xd1, SIMD_BASE + 0xd1, '', -1],
  [SIMD_BASE + 0xd5, SIMD_BASE + 0xdf, '', -1],
  [SIMD_BASE + 0xe0, SIMD_BASE + 0xe1, '', 0],
  [SIMD_BASE + 0xe3, SIMD_BASE + 0xe3, '', 0],
  [SIMD_BASE + 0xe4, SIMD_BASE + 0xeb, '', -1],
  [SIMD_BASE + 0xec, SIMD_BASE + 0xed, '', 0],
  [SIMD_BASE + 0xef, SIMD_BASE + 0xef, '', 0],
  [SIMD_BASE + 0xf0, SIMD_BASE + 0xf7, '', -1],
  [SIMD_BASE + 0xf8, SIMD_BASE + 0xff, '', 0],
];

for (const [first, last, operands, delta] of ROWS) {
  OPERANDS.fill(operands, first, last + 1);
  DELTAS.fill(delta, first, last + 1);
}
// replace_lane pops the lane's value as well.
for (const number of [0x17, 0x1a, 0x1c, 0x1e, 0x20, 0x22]) DELTAS[SIMD_BASE + number] = -1;

const PREFIXES = new Map([
  [0xfb, { base: GC_BASE, count: 31 }],
  [0xfc, { base: MISC_BASE, count: 18 }],
  [0xfd, { base: SIMD_BASE, count: 256 }],
]);

/**
 * Reads the code of the next instruction, its prefix and number included.
 * @throws HostError MODULE_INVALID for an instruction that is not known or not allowed
 */
export function readCode(reader: Reader): number {
  const offset = reader.position;
  const opcode = reader.u8('an instruction');
  const prefix = PREFIXES.get(opcode);
  const number = prefix === undefined ? opcode : reader.u32('an instruction');
  if (prefix !== undefined && number >= prefix.count) throw unknownInstruction(opcode, number, offset);
  const code = prefix === undefined ? opcode : prefix.base + number;
  if (OPERANDS[code] === undefined) throw unknownInstruction(opcode, number, offset);
  return code;
}

/** The refusal of an instruction that is in no table. */
export function unknownInstruction(opcode: number, number: number, offset: number): Error {
  if (opcode === 0xfe) return unsupported(offset, 'atomic instructions (threads)');
  if (opcode === 0xfd && number >= 0x100 && number <= 0x12f) return unsupported(offset, 'relaxed SIMD');
  const prefixed = PREFIXES.has(opcode) ? ` 0x${number.toString(16)}` : '';
  return malformed(offset, `unknown instruction 0x${opcode.toString(16)}${prefixed}`);
}

/** Passes over the immediates of an instruction. */
export function skipOperands(reader: Reader, code: number): void {
  const operands = OPERANDS[code] as string;
  for (let index = 0; index < operands.length; index++) skipOperand(reader, operands[index] as string);
}

function skipOperand(reader: Reader, letter: string): void {
  switch (letter) {
    case 'a':
      return skipMemoryArgument(reader);
    case 'i':
    case 'b':
    case 'h':
      return skipTyped(reader, letter);
    case 'I':
      return reader.skipLeb('a number', 10);
    case '1':
      reader.skip(1, 'an immediate');
      return;
    case '4':
      reader.skip(4, 'a number');
      return;
    case '8':
      reader.skip(8, 'a number');
      return;
    case 'V':
      reader.skip(16, 'a vector');
      return;
    case 'w':
      for (let left = reader.count('value types', 1_000); left > 0; left--) skipValueType(reader);
      return;
    case 'K':
      for (let left = reader.count('labels', reader.remaining); left >= 0; left--) reader.skipLeb('a label', 5);
      return;
    case 'C':
      for (let left = reader.count('catch clauses', reader.remaining); left > 0; left--) skipCatch(reader);
      return;
    default:
      return reader.skipLeb('an index', 5);
  }
}

function skipMemoryArgument(reader: Reader): void {
  const flags = reader.u32('an alignment');
  if ((flags & 0x40) !== 0) reader.skipLeb('a memory', 5);
  reader.skipLeb('an offset', 10);
}

function skipTyped(reader: Reader, letter: string): void {
  if (letter === 'b') skipBlockType(reader);
  else reader.skipLeb('a number', 5);
}

/** A block type: empty, a value type, or the index of a function type. */
export function skipBlockType(reader: Reader): void {
  const first = reader.bytes[reader.position];
  if (first === 0x63 || first === 0x64) skipValueType(reader);
  else reader.skipLeb('a block type', 5);
}

/** A value type: one byte, or 0x63 or 0x64 and a heap type. */
export function skipValueType(reader: Reader): void {
  const first = reader.u8('a value type');
  if (first === 0x63 || first === 0x64) reader.skipLeb('a heap type', 5);
}

/** Kinds: 0 a tag, 1 a tag and the reference, 2 all, 3 all and the reference; then the label. */
function skipCatch(reader: Reader): void {
  const offset = reader.position;
  const kind = reader.u8('a catch clause');
  if (kind > 3) throw malformed(offset, `expected a catch clause (0 to 3), found ${kind}`);
  if (kind < 2) reader.skipLeb('a tag', 5);
  reader.skipLeb('a label', 5);
}
