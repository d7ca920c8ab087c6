/**
 * Rewrites one function body for profiling: it tells the recorder when it is entered and left, and charges what it executes.
 *
 *     token = enter(index, left)      before its first charge
 *     block (result …) … end          the original body, so that a branch to the function's own label comes by here
 *     leave(token, left)              also before `return`, and before a tail call, whose callee then stands in its place
 *     resume(token, left)             where an exception may have unwound callees: they do not leave
 *
 * A trap needs no telling: it ends the call, and what is still to be told was used by whoever is on top of the stack.
 */

import type { Scratch } from '../fuel/scratch.js';
import { type Shape, typeOfFunction } from '../fuel/shape.js';
import { DYNAMIC, WEIGHTS } from '../fuel/weights.js';
import { OP, readCode, skipOperands, skipValueType } from '../instructions.js';
import { Reader } from '../reader.js';
import { charge, chargeBulk, type Spare, stopWhenOut, writeGrowth } from './charging.js';
import type { Places } from './places.js';

const F64_CONVERT_I64_S = 0xb9;
const I32 = 0x7f;
const I64 = 0x7e;
const EMPTY_BLOCK = 0x40;
/** Locals of i32, then of i64, that every function gets: the token, and two spare ones of each. */
const ADDED_I32 = 3;
const ADDED_I64 = 2;

/** Indexes of what profiling adds to the module. */
export interface ProfileAdditions {
  /** The i64 global that counts down. */
  readonly left: number;
  /** The table with the recorder's functions, in the order of HOOK. */
  readonly table: number;
  readonly enterType: number;
  readonly leaveType: number;
  /** A type `[] -> results` for a function type with several results. */
  readonly blockType: (functionType: number) => number;
}

/** Where the recorder's functions stand in their table. */
export const HOOK = { enter: 0, leave: 1, resume: 2 } as const;

/**
 * Instructions that can neither trap, nor be seen from outside, nor send control elsewhere: what they use may be charged
 * together with what follows. Everything else is charged before it begins.
 */
const QUIET = makeQuiet();

function makeQuiet(): Uint8Array {
  const quiet = new Uint8Array(WEIGHTS.length);
  quiet.fill(1, OP.localGet, OP.globalGet + 1);
  quiet.fill(1, OP.i32Const, 0x6d); // constants, comparisons, clz to mul
  quiet.fill(1, 0x71, 0x7f); // i32.and to rotr, i64.clz to mul
  quiet.fill(1, 0x83, 0xa8); // i64.and to rotr, all of f32 and f64, i32.wrap
  quiet.fill(1, 0xb2, 0xc5); // conversions to floats, reinterpretation, sign extension
  for (const code of [0x01, 0x1a, 0x1b, 0x1c, 0xac, 0xad]) quiet[code] = 1;
  return quiet;
}

/** Writes a body, its locals included and its length not, and notes where in it what stands. */
export function writeProfiledBody(
  shape: Shape,
  additions: ProfileAdditions,
  definedIndex: number,
  out: Scratch,
  places: Places,
): void {
  new BodyWriter(shape, additions, definedIndex, out, places).write();
}

class BodyWriter {
  readonly #shape: Shape;
  readonly #additions: ProfileAdditions;
  readonly #out: Scratch;
  readonly #places: Places;
  readonly #index: number;
  readonly #reader: Reader;
  #token = 0;
  #spare: Spare = { i32: [0, 0], i64: [0, 0] };
  /** Whether an exception can land at a label, which is then any. */
  #catchesAtLabels = false;
  /** What instructions that were written use and have not been charged for. */
  #owed = 0;

  constructor(shape: Shape, additions: ProfileAdditions, definedIndex: number, out: Scratch, places: Places) {
    this.#shape = shape;
    this.#additions = additions;
    this.#out = out;
    this.#places = places;
    this.#index = shape.importedFunctions + definedIndex;
    const start = shape.bodyStarts[definedIndex] as number;
    this.#reader = new Reader(shape.bytes, start, shape.bodyEnds[definedIndex] as number);
  }

  write(): void {
    const declared = this.#writeLocals();
    this.#catchesAtLabels = this.#hasTryTable();
    this.#places.added(this.#out.length, this.#reader.position);
    this.#enter();
    charge(this.#out, this.#additions.left, declared * DYNAMIC.local);
    stopWhenOut(this.#out, this.#additions.left);
    this.#writeBlockType();
    while (!this.#reader.done) this.#writeInstruction();
    this.#places.added(this.#out.length, this.#reader.end - 1);
    this.#tell(HOOK.leave);
    this.#out.u8(OP.end);
  }

  /** Copies the declarations with those of ours behind them; returns how many locals the original declares. */
  #writeLocals(): number {
    const [reader, out] = [this.#reader, this.#out];
    const groups = reader.u32('groups of locals');
    const start = reader.position;
    let declared = 0;
    for (let left = groups; left > 0; left--) {
      declared += reader.u32('locals');
      skipValueType(reader);
    }
    out.u32(groups + 2);
    out.copy(reader.bytes, start, reader.position);
    out.op(ADDED_I32, I32);
    out.op(ADDED_I64, I64);
    this.#token = typeOfFunction(this.#shape, this.#index).params + declared;
    const at = this.#token;
    this.#spare = { i32: [at + 1, at + 2], i64: [at + 3, at + 4] };
    return declared;
  }

  #hasTryTable(): boolean {
    const reader = new Reader(this.#reader.bytes, this.#reader.position, this.#reader.end);
    while (!reader.done) {
      const code = readCode(reader);
      if (code === OP.tryTable) return true;
      skipOperands(reader, code);
    }
    return false;
  }

  #writeBlockType(): void {
    const type = typeOfFunction(this.#shape, this.#index);
    this.#out.u8(OP.block);
    if (type.results === 0) this.#out.u8(EMPTY_BLOCK);
    else if (type.results === 1) this.#out.copy(this.#shape.bytes, type.resultsStart, type.resultsEnd);
    else this.#out.signed(this.#additions.blockType(this.#shape.functions[this.#index] as number));
  }

  #enter(): void {
    const { left, table, enterType } = this.#additions;
    const out = this.#out;
    out.u8(OP.i32Const);
    out.signed(this.#index);
    this.#pushLeft(left);
    callHook(out, HOOK.enter, enterType, table);
    out.op(OP.localSet, this.#token);
  }

  #tell(hook: number): void {
    const { left, table, leaveType } = this.#additions;
    this.#out.op(OP.localGet, this.#token);
    this.#pushLeft(left);
    callHook(this.#out, hook, leaveType, table);
  }

  /** As f64, which JavaScript has at hand: exact up to 2^53. */
  #pushLeft(left: number): void {
    this.#out.op(OP.globalGet, left);
    this.#out.u8(F64_CONVERT_I64_S);
  }

  #writeInstruction(): void {
    const reader = this.#reader;
    const start = reader.position;
    const code = readCode(reader);
    const immediates = reader.position;
    skipOperands(reader, code);
    const end = reader.position;
    const copy = (): void => {
      this.#places.copied(this.#out.length, start);
      this.#out.copy(reader.bytes, start, end);
    };
    this.#owed += WEIGHTS[code] as number;
    if (QUIET[code] === 1) return copy();
    this.#places.added(this.#out.length, start);
    charge(this.#out, this.#additions.left, this.#owed);
    this.#owed = 0;
    const loud = (): void => {
      copy();
      this.#places.added(this.#out.length, end);
    };
    this.#writeLoud(code, new Reader(reader.bytes, immediates, end), loud);
  }

  #writeLoud(code: number, immediates: Reader, copy: () => void): void {
    const { memories, tables } = this.#shape;
    const { left } = this.#additions;
    switch (code) {
      case OP.memoryGrow: {
        const is64 = memories[immediates.u32('a memory')]?.is64 === true;
        return writeGrowth(this.#out, left, this.#spare, { is64, weight: DYNAMIC.page, copy });
      }
      case OP.tableGrow: {
        const is64 = tables[immediates.u32('a table')]?.is64 === true;
        return writeGrowth(this.#out, left, this.#spare, { is64, weight: DYNAMIC.tableSlot, copy });
      }
      case OP.return:
      case OP.returnCall:
      case OP.returnCallIndirect:
      case OP.returnCallRef:
        this.#tell(HOOK.leave);
        return copy();
      case OP.catch:
      case OP.catchAll:
        copy();
        return this.#tell(HOOK.resume);
      case OP.loop:
        copy();
        if (this.#catchesAtLabels) this.#tell(HOOK.resume);
        return stopWhenOut(this.#out, left);
      case OP.end:
      case OP.delegate:
        copy();
        if (this.#catchesAtLabels) this.#tell(HOOK.resume);
        return;
      default:
        chargeBulk(this.#out, this.#shape, left, this.#spare, code, immediates);
        return copy();
    }
  }
}

function callHook(out: Scratch, hook: number, type: number, table: number): void {
  out.u8(OP.i32Const);
  out.signed(hook);
  out.op(OP.callIndirect, type);
  out.u32(table);
}
