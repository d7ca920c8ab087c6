/**
 * What metering adds to a module, behind everything that is there, so that no index of a function changes:
 *
 * - types: function types as they were, for imports, exports, tags and blocks (those in place get the fuel parameter);
 * - functions: a wrapper for each imported function, helpers for growth and bulk operations, wrappers for exports;
 * - globals: the fuel left, the stack left, the state. Imported globals must stand before defined ones, so where the three are
 *   imported the defined ones move up by three.
 */

import { Reader } from '../reader.js';
import type { Renumbering } from './constants.js';
import { Scratch } from './scratch.js';
import { FUNCTION_FORM, type Shape, type TypeEntry } from './shape.js';

const REFERENCE = 0x64;
const NULLABLE_REFERENCE = 0x63;
const I32 = 0x7f;
const I64 = 0x7e;

export type HelperKind = 'bulk-memory' | 'bulk-table' | 'bulk-array' | 'grow-memory' | 'grow-table';

export interface Helper {
  readonly kind: HelperKind;
  /** Of the memory or table. */
  readonly index: number;
  readonly type: number;
}

/** A type of the output that the input does not have: a copy of a whole group, or a new function type. */
type AddedType =
  | { readonly group: number }
  | { readonly paramCount: number; readonly params: readonly number[]; readonly results: Uint8Array };

export class Additions {
  readonly shape: Shape;
  readonly importGlobals: boolean;
  readonly fuelGlobal: number;
  readonly stackGlobal: number;
  readonly stateGlobal: number;
  readonly helpers: Helper[] = [];
  readonly addedTypes: AddedType[] = [];
  /** Functions that are referred to (`ref.func`, element segments): whoever calls indirectly may reach them. Original indexes. */
  readonly referenced = new Set<number>();
  /** Those among them that code refers to. */
  readonly codeReferences = new Set<number>();
  /** Functions that are called by tail calls. Original indexes. */
  readonly tailCalled = new Set<number>();
  /** How indexes in constant expressions and element segments change. */
  readonly inConstants: Renumbering = {
    functionReference: (index) => {
      this.referenced.add(index);
      return this.functionReference(index);
    },
    global: (index) => this.global(index),
  };
  #nextType: number;
  /** First index of the copy of each group; -1 where there is none. */
  readonly #copies: number[];
  readonly #newTypes = new Map<string, number>();
  readonly #helperIndexes = new Map<string, number>();

  constructor(shape: Shape, importGlobals: boolean) {
    this.shape = shape;
    this.importGlobals = importGlobals;
    const first = importGlobals ? shape.importedGlobals : shape.globals;
    this.fuelGlobal = first;
    this.stackGlobal = first + 1;
    this.stateGlobal = first + 2;
    this.#nextType = shape.types.length;
    this.#copies = new Array<number>(shape.groups.length).fill(-1);
  }

  /** The index under which a function is called and referred to: imported ones through their wrapper. */
  functionReference(index: number): number {
    return index < this.shape.importedFunctions ? this.shape.functions.length + index : index;
  }

  global(index: number): number {
    return this.importGlobals && index >= this.shape.importedGlobals ? index + 3 : index;
  }

  /** How many functions are added before the export wrappers. */
  get firstExportWrapper(): number {
    return this.shape.functions.length + this.shape.importedFunctions + this.helpers.length;
  }

  /**
   * A function type as it was before the fuel parameter. The group that it stands in is copied whole, with those of its
   * supertypes first, so that two such copies are equal exactly when the originals are. References within a group come to lead
   * out of the copy, to the metered types; so that this does not make different groups alike, the copy of such a group
   * has one type more, which refers to the group that it is a copy of.
   */
  originalType(index: number): number {
    const { types, groups } = this.shape;
    const wanted = (types[index] as TypeEntry).group;
    const pending = [wanted];
    while (pending.length > 0) {
      const group = pending.at(-1) as number;
      const missing = this.#copies[group] === -1 ? this.#missingSuperGroup(group) : undefined;
      if (missing !== undefined) {
        pending.push(missing);
        continue;
      }
      pending.pop();
      if (this.#copies[group] === -1) this.#copyGroup(group);
    }
    return (this.#copies[wanted] as number) + index - (groups[wanted] as { first: number }).first;
  }

  /** The index of a helper, whose signature ends with the fuel. */
  helper(kind: HelperKind, index: number): number {
    const key = `${kind} ${index}`;
    const known = this.#helperIndexes.get(key);
    if (known !== undefined) return known;
    const added = this.shape.functions.length + this.shape.importedFunctions + this.helpers.length;
    this.helpers.push({ kind, index, type: this.#helperType(kind, index) });
    this.#helperIndexes.set(key, added);
    return added;
  }

  /** A function type without parameters: `[] -> results`. */
  resultType(results: Uint8Array): number {
    return this.#newType([], results);
  }

  /** The type of a function that takes what is left of the stack as well, behind the fuel. */
  stackType(type: TypeEntry): number {
    const { bytes } = this.shape;
    const params = [...bytes.subarray(type.paramsStart, type.paramsEnd), I64, I32];
    const results = new Scratch(type.resultsEnd - type.resultsStart + 8);
    results.u32(type.results + 1);
    results.copy(bytes, type.resultsStart, type.resultsEnd);
    results.u8(I64);
    return this.#newType(params, results.finish(), type.params + 2);
  }

  /** Writes the types that are added. */
  writeTypes(out: Scratch): void {
    for (const added of this.addedTypes) {
      if ('group' in added) this.#writeGroup(out, added.group);
      else {
        out.u8(FUNCTION_FORM);
        out.u32(added.paramCount);
        for (const param of added.params) out.u8(param);
        out.copy(added.results, 0, added.results.length);
      }
    }
  }

  #missingSuperGroup(group: number): number | undefined {
    const { types, groups } = this.shape;
    const { first, count } = groups[group] as { first: number; count: number };
    for (let index = first; index < first + count; index++) {
      const { superType } = types[index] as TypeEntry;
      if (superType < 0 || superType >= first) continue;
      const superGroup = (types[superType] as TypeEntry).group;
      if (this.#copies[superGroup] === -1) return superGroup;
    }
    return undefined;
  }

  #copyGroup(group: number): void {
    this.#copies[group] = this.#nextType;
    this.#nextType += (this.shape.groups[group] as { count: number }).count + (this.#isMarked(group) ? 1 : 0);
    this.addedTypes.push({ group });
  }

  /** Copies a group: only the indexes of supertypes change; values that refer to functions refer to metered ones. */
  #writeGroup(out: Scratch, group: number): void {
    const { bytes, types, groups } = this.shape;
    const { first, count, written } = groups[group] as { first: number; count: number; written: boolean };
    const marked = this.#isMarked(group);
    if (written || marked) out.op(0x4e, count + (marked ? 1 : 0));
    for (let index = first; index < first + count; index++) {
      const type = types[index] as TypeEntry;
      if (type.superType < 0) {
        out.copy(bytes, type.start, type.end);
        continue;
      }
      const superEntry = types[type.superType] as TypeEntry;
      const superFirst = (groups[superEntry.group] as { first: number }).first;
      out.copy(bytes, type.start, type.superStart);
      out.u32((this.#copies[superEntry.group] as number) + type.superType - superFirst);
      out.copy(bytes, type.superEnd, type.end);
    }
    if (!marked) return;
    // (struct (field (ref first)))
    out.op(0x5f, 1);
    out.u8(REFERENCE);
    out.signed(first);
    out.u8(0);
  }

  /** Whether types of a group refer to types of the same group, other than as supertypes. */
  #isMarked(group: number): boolean {
    const { types, groups } = this.shape;
    const { first, count, written } = groups[group] as { first: number; count: number; written: boolean };
    return written || refersTo(this.shape, types[first] as TypeEntry, first, first + count);
  }

  #helperType(kind: HelperKind, index: number): number {
    const { memories, tables, bytes } = this.shape;
    if (kind === 'grow-memory') {
      const size = memories[index]?.is64 ? I64 : I32;
      return this.#newType([size, I64], Uint8Array.of(2, size, I64));
    }
    if (kind === 'grow-table') {
      const table = tables[index] as { is64: boolean; typeStart: number; typeEnd: number };
      const size = table.is64 ? I64 : I32;
      const element = bytes.subarray(table.typeStart, table.typeEnd);
      return this.#newType([...element, size, I64], Uint8Array.of(2, size, I64), 3);
    }
    return this.#newType([I64, I64], Uint8Array.of(0));
  }

  /** @param results with their count in front */
  #newType(params: readonly number[], results: Uint8Array, paramCount = params.length): number {
    const key = `${params.join()} ${results.join()}`;
    const known = this.#newTypes.get(key);
    if (known !== undefined) return known;
    const index = this.#nextType++;
    this.#newTypes.set(key, index);
    this.addedTypes.push({ paramCount, params, results });
    return index;
  }
}

/** Whether a type's parameters, results or fields refer to types [first, end). */
function refersTo(shape: Shape, type: TypeEntry, first: number, end: number): boolean {
  for (const [from, to] of [
    [type.paramsStart, type.paramsEnd],
    [type.resultsStart, type.resultsEnd],
  ] as const) {
    const reader = new Reader(shape.bytes, from, to);
    while (!reader.done) {
      const byte = reader.u8('a value type');
      if (byte !== REFERENCE && byte !== NULLABLE_REFERENCE) continue;
      // A heap type is a signed number: indexes are positive; abstract types are negative and have one byte.
      const next = shape.bytes[reader.position] as number;
      if (next >= 0x40 && next < 0x80) continue;
      const heapType = reader.u32('a heap type');
      if (heapType >= first && heapType < end) return true;
    }
  }
  return false;
}
