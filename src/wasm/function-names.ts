/** The functions' names of a module (core specification, appendix 7.4.1.5): for people, and nothing else relies on them. */

import { HostError } from '../errors.js';
import { MODULE_LIMITS } from '../limits.js';
import { Reader } from './reader.js';

const FUNCTION_NAMES = 1;
/** Rust's mangled names of nested generics run to some KB. */
const MAX_NAME_BYTES = 65_536;

/**
 * Names by function index. A section that is malformed gives what could be read of it: engines ignore such sections, and so
 * do we.
 * @param section the content of the custom section `name`, behind its own name
 */
export function readFunctionNames(section: Uint8Array): Map<number, string> {
  const names = new Map<number, string>();
  try {
    const reader = new Reader(section);
    while (!reader.done) {
      const id = reader.u8('a subsection');
      const length = reader.u32('the length of a subsection');
      const start = reader.skip(length, 'a subsection');
      if (id === FUNCTION_NAMES) readNameMap(new Reader(section, start, start + length), names);
    }
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
  return names;
}

function readNameMap(reader: Reader, names: Map<number, string>): void {
  const count = reader.count('names', MODULE_LIMITS.maxFunctions);
  for (let left = count; left > 0; left--) {
    const index = reader.u32('a function');
    names.set(index, reader.name('a function', MAX_NAME_BYTES));
  }
}
