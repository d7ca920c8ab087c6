/** The names that compilers give functions, for people. */

import { demangleLegacy } from './legacy.js';
import { demangleV0 } from './v0.js';

/** Longer names are cut: a name is a line in a table or a box in a graph, and the guest chooses it. */
const MAX_LENGTH = 400;

/**
 * The name as it stands in the source, for names of Rust in either mangling (`_ZN…17h…E`, `_R…`), without hashes; all other
 * names as they are. At most MAX_LENGTH characters.
 */
export function demangle(name: string): string {
  const plain = demangleV0(name, MAX_LENGTH) ?? demangleLegacy(name) ?? name;
  return plain.length <= MAX_LENGTH ? plain : `${plain.slice(0, MAX_LENGTH - 1)}…`;
}
