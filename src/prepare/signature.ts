/** Core signatures: as the contract's tables spell them (names), and as modules have them (bytes). */

import { valueTypeName } from '../wasm/value-type.js';

/** Value types by name, or by their byte. */
type ValueTypes = readonly string[] | Uint8Array;

export interface Signature {
  readonly params: ValueTypes;
  readonly results: ValueTypes;
}

/** What the canonical ABI allocates with: old pointer, old size, alignment, new size; answers the new pointer. */
export const REALLOC = { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] } as const;

export function sameSignature(a: Signature, b: Signature): boolean {
  return sameTypes(a.params, b.params) && sameTypes(a.results, b.results);
}

function sameTypes(a: ValueTypes, b: ValueTypes): boolean {
  const [names, others] = [namesOf(a), namesOf(b)];
  return names.length === others.length && names.every((name, index) => name === others[index]);
}

/** `(i32, i64) -> (i32)`; of a long list, the first ones and how many there are. */
export function describeSignature(signature: Signature): string {
  return `(${describe(signature.params)}) -> (${describe(signature.results)})`;
}

const MOST_SHOWN = 32;

function describe(types: ValueTypes): string {
  const names = namesOf(types);
  const more = names.length > MOST_SHOWN ? `, … ${names.length} in all` : '';
  return names.slice(0, MOST_SHOWN).join(', ') + more;
}

function namesOf(types: ValueTypes): readonly string[] {
  return types instanceof Uint8Array ? Array.from(types, valueTypeName) : types;
}
