/** The code section (core specification, section 5.5.13): where function bodies lie. What they do is left to the engine. */

import { MODULE_LIMITS } from '../limits.js';
import { stands } from '../protocol/defences.js';
import { Reader, tooMany } from './reader.js';
import { checkValueType } from './value-type.js';

/** Where each body (locals and code) begins, and ends (exclusive). */
export interface BodyRanges {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Reads the code section: ranges alone, and the number of locals held against its limits. */
export function readBodies(reader: Reader): BodyRanges {
  const count = reader.count('function bodies', MODULE_LIMITS.maxFunctions);
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  let totalLocals = 0;
  for (let index = 0; index < count; index++) {
    const length = reader.u32('the length of a function body');
    if (length > MODULE_LIMITS.maxFunctionBytes) {
      throw tooMany('bytes in a function body', length, MODULE_LIMITS.maxFunctionBytes);
    }
    const start = reader.skip(length, 'a function body');
    starts[index] = start;
    ends[index] = start + length;
    totalLocals += countLocals(new Reader(reader.bytes, start, start + length));
    if (totalLocals > MODULE_LIMITS.maxTotalLocals) {
      throw tooMany('locals in all functions', totalLocals, MODULE_LIMITS.maxTotalLocals);
    }
  }
  return { starts, ends };
}

/** The locals that a body declares, in groups of a count and a type each. */
function countLocals(body: Reader): number {
  let locals = 0;
  for (let left = body.count('groups of locals', MODULE_LIMITS.maxLocals); left > 0; left--) {
    locals += body.u32('the number of locals');
    if (locals > MODULE_LIMITS.maxLocals && stands('module-bounds')) {
      throw tooMany('locals in a function', locals, MODULE_LIMITS.maxLocals);
    }
    const offset = body.position;
    checkValueType(body.u8('the type of locals'), offset);
  }
  return locals;
}
