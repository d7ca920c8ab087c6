/** Constant expressions: the initial values of globals, and offsets of segments (core specification, section 3.4.13). */

import { malformed, type Reader } from './reader.js';
import { unsupported } from './value-type.js';

/**
 * Passes over one constant expression, its `end` included. That its instructions fit together is left to the engine.
 * @throws HostError MODULE_INVALID for an instruction that cannot stand there
 */
export function skipConstantExpression(reader: Reader): void {
  for (;;) {
    const offset = reader.position;
    const opcode = reader.u8('a constant expression');
    if (opcode === 0x0b) return;
    skipOperands(reader, opcode, offset);
  }
}

function skipOperands(reader: Reader, opcode: number, offset: number): void {
  switch (opcode) {
    case 0x41: // i32.const
    case 0x23: // global.get
    case 0xd2: // ref.func
      return reader.skipLeb('an operand', 5);
    case 0x42: // i64.const
      return reader.skipLeb('an operand', 10);
    case 0x43: // f32.const
      reader.skip(4, 'an operand');
      return;
    case 0x44: // f64.const
      reader.skip(8, 'an operand');
      return;
    case 0xd0: // ref.null
      return reader.skipLeb('a heap type', 5);
    case 0xfd: // v128.const is number 12 of the vector instructions
      if (reader.u32('a vector instruction') !== 12) throw malformed(offset, 'expected v128.const');
      reader.skip(16, 'an operand');
      return;
    case 0x6a: // i32.add, sub, mul; i64.add, sub, mul
    case 0x6b:
    case 0x6c:
    case 0x7c:
    case 0x7d:
    case 0x7e:
      return;
    case 0xfb:
      throw unsupported(offset, 'a garbage-collected value');
    default:
      throw malformed(offset, `the instruction 0x${opcode.toString(16)} cannot stand in a constant expression`);
  }
}
