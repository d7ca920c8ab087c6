/**
 * Makes of a module one that can be profiled: it counts its fuel as a metered module does, exports the same globals, so that
 * the host treats both alike, and calls a recorder whenever a function is entered or left. Nothing of the original is
 * renumbered: what is added stands behind it, and the recorder's functions come through a table of their own.
 *
 * It is slow (a call out of WebAssembly for each call inside), and its stack has no deterministic limit: for measuring, not
 * for serving.
 */

import type { OffsetMap } from '../fuel/offset-map.js';
import { FUEL_EXPORTS, refuseReservedNames } from '../fuel/reserved.js';
import { Scratch } from '../fuel/scratch.js';
import { KIND, readShape, type Shape } from '../fuel/shape.js';
import { Reader } from '../reader.js';
import { SECTION } from '../sections.js';
import { type ProfileAdditions, writeProfiledBody } from './body.js';
import { Places } from './places.js';

/** The export that holds the recorder's functions: a table, filled by the host right after instantiation. */
export const HOOKS_EXPORT = 'hal9:profile/hooks';
const HOOKS = 3;

const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 9, 12, 10, 11];

const [I32, I64, F64, FUNCREF, FUNCTION_FORM] = [0x7f, 0x7e, 0x7c, 0x70, 0x60];
const MUTABLE = 1;
const END = 0x0b;

export interface ProfiledModule {
  readonly bytes: Uint8Array;
  /** The export to call once right after instantiation, in place of a start function; undefined without one. */
  readonly start: string | undefined;
  /** Says of all of the original's code that the counter is exact there. */
  readonly offsets: OffsetMap;
}

/**
 * Instruments a module, which must be valid.
 * @throws HostError as `meter` does
 */
export function instrument(bytes: Uint8Array): ProfiledModule {
  const shape = readShape(bytes);
  refuseReservedNames(shape);
  const types = new AddedTypes(shape);
  const additions: ProfileAdditions = {
    left: shape.globals,
    table: shape.tables.length,
    enterType: types.add([FUNCTION_FORM, 2, I32, F64, 1, I32]),
    leaveType: types.add([FUNCTION_FORM, 2, I32, F64, 0]),
    blockType: (functionType) => types.resultsOf(functionType),
  };
  const places = new Places();
  const code = writeCode(shape, additions, places);
  const contents = new Map<number, Uint8Array>([
    [SECTION.type, append(shape, SECTION.type, types.items)],
    [SECTION.table, append(shape, SECTION.table, [Uint8Array.of(FUNCREF, 1, HOOKS, HOOKS)])],
    [SECTION.global, append(shape, SECTION.global, ADDED_GLOBALS)],
    [SECTION.export, append(shape, SECTION.export, addedExports(shape, additions))],
  ]);
  if (code !== undefined) contents.set(SECTION.code, code);
  const { bytes: profiled, codeStart } = assemble(shape, contents);
  return {
    bytes: profiled,
    start: shape.start < 0 ? undefined : FUEL_EXPORTS.start,
    offsets: places.map(codeStart),
  };
}

/** Left, stack and state. The last two stay 0: there is no limit on the stack here, and growth that fails is a trap. */
const ADDED_GLOBALS = [
  Uint8Array.of(I64, MUTABLE, 0x42, 0, END),
  Uint8Array.of(I32, MUTABLE, 0x41, 0, END),
  Uint8Array.of(I32, MUTABLE, 0x41, 0, END),
];

class AddedTypes {
  readonly items: Uint8Array[] = [];
  readonly #shape: Shape;
  readonly #ofResults = new Map<number, number>();

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  add(item: readonly number[]): number {
    return this.#shape.types.length + this.items.push(Uint8Array.from(item)) - 1;
  }

  /** The type `[] -> results` with the results of another. */
  resultsOf(functionType: number): number {
    const known = this.#ofResults.get(functionType);
    if (known !== undefined) return known;
    const type = this.#shape.types[functionType];
    if (type === undefined) throw new Error(`there is no type ${functionType}`);
    const out = new Scratch(16);
    out.op(FUNCTION_FORM, 0);
    out.u32(type.results);
    out.copy(this.#shape.bytes, type.resultsStart, type.resultsEnd);
    const added = this.#shape.types.length + this.items.push(out.finish()) - 1;
    this.#ofResults.set(functionType, added);
    return added;
  }
}

function addedExports(shape: Shape, additions: ProfileAdditions): Uint8Array[] {
  const items = [
    exportItem(FUEL_EXPORTS.left, KIND.global, additions.left),
    exportItem(FUEL_EXPORTS.stack, KIND.global, additions.left + 1),
    exportItem(FUEL_EXPORTS.state, KIND.global, additions.left + 2),
    exportItem(HOOKS_EXPORT, KIND.table, additions.table),
  ];
  if (shape.start >= 0) items.push(exportItem(FUEL_EXPORTS.start, KIND.function, shape.start));
  return items;
}

function exportItem(name: string, kind: number, index: number): Uint8Array {
  const out = new Scratch(32);
  const bytes = new TextEncoder().encode(name);
  out.u32(bytes.length);
  out.copy(bytes, 0, bytes.length);
  out.op(kind, index);
  return out.finish();
}

/** A section with items more. */
function append(shape: Shape, id: number, items: readonly Uint8Array[]): Uint8Array {
  const section = shape.sections.find((candidate) => candidate.id === id);
  const out = new Scratch(1_024);
  if (section === undefined) out.u32(items.length);
  else {
    const reader = new Reader(shape.bytes, section.contentStart, section.end);
    out.u32(reader.u32('items') + items.length);
    out.copy(shape.bytes, reader.position, section.end);
  }
  for (const item of items) out.copy(item, 0, item.length);
  return out.finish();
}

function writeCode(shape: Shape, additions: ProfileAdditions, places: Places): Uint8Array | undefined {
  if (shape.bodyStarts.length === 0) return undefined;
  const out = new Scratch(shape.bytes.length * 3);
  out.u32(shape.bodyStarts.length);
  const body = new Scratch(4_096);
  for (let index = 0; index < shape.bodyStarts.length; index++) {
    body.length = 0;
    places.begin();
    writeProfiledBody(shape, additions, index, body, places);
    out.u32(body.length);
    places.end(out.length);
    out.copy(body.bytes, 0, body.length);
  }
  return out.finish();
}

/** Custom sections are left out: names are read from the original, whose indexes are the same. So is the start section. */
function assemble(shape: Shape, contents: ReadonlyMap<number, Uint8Array>): { bytes: Uint8Array; codeStart: number } {
  const { bytes, sections } = shape;
  const out = new Scratch(bytes.length * 4);
  out.copy(bytes, 0, 8);
  let codeStart = 0;
  for (const id of ORDER) {
    const content = contents.get(id);
    const section = sections.find((candidate) => candidate.id === id);
    if (content !== undefined) {
      out.op(id, content.length);
      if (id === SECTION.code) codeStart = out.length;
      out.copy(content, 0, content.length);
    } else if (section !== undefined) {
      out.copy(bytes, section.start, section.end);
    }
  }
  return { bytes: out.finish(), codeStart };
}
