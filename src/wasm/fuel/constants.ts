/** Constant expressions in every form that engines know (core specification, section 3.4.13), passed over or rewritten. */

import { GC_BASE, OP, readCode, SIMD_BASE, skipOperands } from '../instructions.js';
import { malformed, type Reader } from '../reader.js';
import type { Writer } from '../writer.js';

/** Consts, global.get, ref.null, ref.func, i32 and i64 add, sub, mul, v128.const, allocations, i31 and conversions. */
const CONSTANT = new Set<number>([
  ...[OP.i32Const, OP.i64Const, 0x43, 0x44, OP.globalGet, 0xd0, OP.refFunc],
  ...[0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e, SIMD_BASE + 0x0c],
  ...[0, 1, 6, 7, 8, 26, 27, 28].map((number) => GC_BASE + number),
]);

/** How many functions and globals an expression may name: those that come before it. */
export interface Nameable {
  readonly functions: { readonly length: number };
  readonly globals: number;
}

/** How indexes change. */
export interface Renumbering {
  functionReference(index: number): number;
  global(index: number): number;
}

/** Passes over one constant expression, its `end` included. */
export function skipConstantExpression(reader: Reader, shape: Nameable): void {
  walk(reader, shape, undefined, undefined);
}

/** Copies one constant expression, its indexes of functions and globals renumbered. */
export function copyConstantExpression(reader: Reader, shape: Nameable, writer: Writer, renumber: Renumbering): void {
  walk(reader, shape, writer, renumber);
}

function walk(reader: Reader, shape: Nameable, writer: Writer | undefined, renumber: Renumbering | undefined): void {
  for (;;) {
    const start = reader.position;
    const code = readCode(reader);
    if (code === OP.end) return writer?.u8(OP.end);
    if (!CONSTANT.has(code))
      throw malformed(start, `the instruction 0x${code.toString(16)} cannot stand in a constant expression`);
    if (code === OP.refFunc || code === OP.globalGet) {
      const index = reader.u32('an index');
      const count = code === OP.refFunc ? shape.functions.length : shape.globals;
      checkIndex(index, count, code === OP.refFunc ? 'function' : 'global', start);
      writer?.u8(code);
      writer?.u32((code === OP.refFunc ? renumber?.functionReference(index) : renumber?.global(index)) ?? index);
    } else {
      skipOperands(reader, code);
      writer?.raw(reader.bytes.subarray(start, reader.position));
    }
  }
}

/** Insists that an index names something of the original module, not what the rewriter adds behind it. */
export function checkIndex(index: number, count: number, what: string, offset: number): void {
  if (index >= count) throw malformed(offset, `${what} ${index} is not among the ${count} there are`);
}
