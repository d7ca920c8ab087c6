/** Value types as the binary writes them: one byte each (core specification, section 5.3). */

import { HostError } from '../errors.js';
import { malformed } from './reader.js';

/** The types that are accepted, by their byte. */
const NAMES = new Map<number, string>([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
  [0x7b, 'v128'],
  [0x70, 'funcref'],
  [0x6f, 'externref'],
]);

/** 1 for each accepted byte: a module may have tens of millions of types to look at. */
const ACCEPTED = Uint8Array.from({ length: 256 }, (_, type) => (NAMES.has(type) ? 1 : 0));

/** Typed references, garbage-collected types and exnref: which engine knows them depends on its version. */
const FIRST_LATER_TYPE = 0x5e;

/** What a type is called in messages and in the text format. */
export function valueTypeName(type: number): string {
  return NAMES.get(type) ?? `0x${type.toString(16)}`;
}

/** Whether the type is a reference, as tables hold them. */
export function isReferenceType(type: number): boolean {
  return type === 0x70 || type === 0x6f;
}

/** Insists on an accepted value type. */
export function checkValueType(type: number, offset: number): void {
  if (ACCEPTED[type] === 1) return;
  if (type >= FIRST_LATER_TYPE && type < 0x7b) {
    throw unsupported(offset, `the value type 0x${type.toString(16)} (typed references, garbage collection or exnref)`);
  }
  throw malformed(offset, `expected a value type, found 0x${type.toString(16)}`);
}

/** A feature of WebAssembly that plugins may not use. */
export function unsupported(offset: number, feature: string): HostError {
  return new HostError(
    'MODULE_INVALID',
    `the WebAssembly module uses ${feature} at byte ${offset}, which plugins may not use`,
  );
}
