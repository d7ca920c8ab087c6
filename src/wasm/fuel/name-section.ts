/**
 * The name section (core specification, appendix 7.4.1), so that names stay right: declared locals move up by one, behind the
 * fuel; globals may move by three; functions keep their indexes. Names of labels are dropped, as blocks are added. A section that
 * is malformed is dropped too: engines ignore it.
 */

import { HostError } from '../../errors.js';
import { Reader } from '../reader.js';
import type { Additions } from './additions.js';
import { ADDED_BEFORE_LOCALS } from './body-plan.js';
import { Scratch } from './scratch.js';
import { type Shape, typeOfFunction } from './shape.js';

const LOCALS = 2;
const LABELS = 3;
const GLOBALS = 7;

/** The section's content behind its name; undefined where it cannot be kept. */
export function rewriteNames(shape: Shape, additions: Additions, start: number, end: number): Uint8Array | undefined {
  try {
    return rewrite(shape, additions, new Reader(shape.bytes, start, end));
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

function rewrite(shape: Shape, additions: Additions, reader: Reader): Uint8Array {
  const out = new Scratch(reader.remaining + 64);
  while (!reader.done) {
    const start = reader.position;
    const id = reader.u8('a subsection');
    const length = reader.u32('the length of a subsection');
    const content = reader.skip(length, 'a subsection');
    const inner = new Reader(shape.bytes, content, content + length);
    if (id === LABELS) continue;
    const rewritten = new Scratch(length + 64);
    if (id === LOCALS) copyLocals(shape, inner, rewritten);
    else if (id === GLOBALS) copyNames(inner, rewritten, (index) => additions.global(index));
    else {
      out.copy(shape.bytes, start, reader.position);
      continue;
    }
    out.u8(id);
    out.u32(rewritten.length);
    out.copy(rewritten.bytes, 0, rewritten.length);
  }
  return out.finish();
}

function copyLocals(shape: Shape, reader: Reader, out: Scratch): void {
  const functions = reader.count('functions', shape.functions.length);
  out.u32(functions);
  for (let left = functions; left > 0; left--) {
    const index = reader.u32('a function');
    out.u32(index);
    const params = index < shape.functions.length ? typeOfFunction(shape, index).params : 0;
    const moved = index >= shape.importedFunctions ? ADDED_BEFORE_LOCALS : 0;
    copyNames(reader, out, (local) => (local >= params ? local + moved : local));
  }
}

function copyNames(reader: Reader, out: Scratch, renumber: (index: number) => number): void {
  const count = reader.count('names', reader.remaining);
  out.u32(count);
  for (let left = count; left > 0; left--) {
    out.u32(renumber(reader.u32('an index')));
    const start = reader.position;
    reader.skip(reader.u32('the length of a name'), 'a name');
    out.copy(reader.bytes, start, reader.position);
  }
}
