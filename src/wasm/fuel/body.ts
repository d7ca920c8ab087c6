/**
 * The first pass over a function body: decodes it once, copies it to a scratch buffer with its indexes renumbered, and notes where
 * in it charges and checks may go (records). What they are is known only when the body has been seen to its end
 * (`flow-graph.ts`), and what the stack limit adds only when all bodies have; `emit.ts` puts both together.
 *
 * In the rewritten body the fuel that is left is the parameter behind the original ones. Between points where it is exact, it is too
 * high by the potential of the place. Code that cannot be reached is left out.
 */

import { MODULE_LIMITS } from '../../limits.js';
import {
  DELTAS,
  GC_BASE,
  MISC_BASE,
  OP,
  OPERANDS,
  readCode,
  SIMD_BASE,
  skipOperands,
  skipValueType,
} from '../instructions.js';
import { malformed, Reader, tooMany } from '../reader.js';
import type { Additions, HelperKind } from './additions.js';
import { type BodyLists, type BodyPlan, PLACE, PLACE_SHIFT, RECORD } from './body-plan.js';
import { checkIndex } from './constants.js';
import { EXACT_NODE, FlowGraph } from './flow-graph.js';
import { IntList } from './int-list.js';
import { Scratch } from './scratch.js';
import { type Shape, type TypeEntry, typeOfFunction } from './shape.js';
import { DYNAMIC, WEIGHTS } from './weights.js';

/** A stretch of code without a check is cut by one when it weighs more than this. */
const MAX_UNCHECKED = 4_096;
/** Functions without calls that weigh no more than this need no check at entry; callers reckon with as much for every call. */
const MAX_UNCHECKED_LEAF = 256;

const FORM = { slow: 0, plain: 1, local: 2, memory: 3, number: 4 } as const;
const FORMS = makeForms();

const LABEL = { function: 0, block: 1, loop: 2, if: 3, else: 4, try: 5 } as const;

/** Bytes of a frame besides its values, with what the baseline compiler of V8 keeps in it. */
const FRAME_BYTES = 128;
const I64_EXTEND_I32_U = 0xad;
const I64_SUB = 0x7d;
const I64_LT_S = 0x53;
const I32_TYPE = Uint8Array.of(0x7f);
const I64_TYPE = Uint8Array.of(0x7e);

function makeForms(): Uint8Array {
  const forms = new Uint8Array(256);
  OPERANDS.slice(0, 256).forEach((operands, code) => {
    if (code <= 0x19 && code !== 0x01) return;
    if (operands === '') forms[code] = FORM.plain;
    if (operands === 'l') forms[code] = FORM.local;
    if (operands === 'a') forms[code] = FORM.memory;
    if (operands === 'i' || operands === 'I') forms[code] = FORM.number;
  });
  for (const code of [0x01, 0x1a, 0x1b]) forms[code] = FORM.plain;
  return forms;
}

interface BlockType {
  readonly params: number;
  readonly results: number;
}

export class BodyReader {
  readonly lists: BodyLists;
  readonly #shape: Shape;
  readonly #additions: Additions;
  readonly #graph = new FlowGraph();
  readonly #bytes: Uint8Array;
  #reader: Reader;
  #plainLocals = 0;
  #allLocals = 0;
  #fuelLocal = 0;
  #addedLocals: Uint8Array[] = [];
  #addedByKey = new Map<string, number>();
  #stackLocal = -1;
  #hasCalls = false;
  #hasTailCalls = false;
  #usesVectors = false;
  /** The edge under way, or -1 where code cannot be reached; its weight so far. */
  #edge = -1;
  #weight = 0;
  #totalWeight = 0;
  /** The most that may have run since a check. */
  #unchecked = 0;
  #height = 0;
  #maxHeight = 0;
  #loopDepth = 0;
  #ifDepth = 0;
  /** Structured instructions so far; the ordinals of those that a catch clause branches to. */
  #ordinal = 0;
  #catchTargets = new Set<number>();
  // The labels in scope, the function's first.
  #top = 0;
  readonly #kinds: number[] = [];
  readonly #nodes: number[] = [];
  readonly #splits: number[] = [];
  readonly #heights: number[] = [];
  readonly #params: number[] = [];
  readonly #results: number[] = [];
  readonly #ordinals: number[] = [];
  readonly #loopDepths: number[] = [];
  readonly #ifDepths: number[] = [];

  constructor(shape: Shape, additions: Additions) {
    this.#shape = shape;
    this.#additions = additions;
    this.#bytes = shape.bytes;
    this.#reader = new Reader(shape.bytes, 0, 0);
    const size = shape.bodyEnds.reduce((sum, end, index) => sum + end - (shape.bodyStarts[index] as number), 0);
    this.lists = {
      scratch: new Scratch(Math.ceil(size * 1.2) + 4_096),
      records: new IntList(Math.ceil(size / 2) + 256),
      anchors: new IntList(Math.ceil(size / 4) + 256),
      callees: new IntList(),
    };
  }

  /**
   * Reads the body of a defined function.
   * @throws HostError MODULE_INVALID or MODULE_LIMIT
   */
  read(definedIndex: number): BodyPlan {
    this.#catchTargets = new Set();
    const { scratch, records, anchors, callees } = this.lists;
    const marks = [scratch.length, records.length, anchors.length, callees.length] as const;
    const plan = this.#readOnce(definedIndex);
    if (this.#catchTargets.size === 0) return plan;
    // Catch clauses name labels that earlier branches may have gone to: now all are known, so read it once more.
    [scratch.length, records.length, anchors.length, callees.length] = marks;
    return this.#readOnce(definedIndex);
  }

  #readOnce(definedIndex: number): BodyPlan {
    const { scratch, records, anchors, callees } = this.lists;
    const index = this.#shape.importedFunctions + definedIndex;
    const start = this.#shape.bodyStarts[definedIndex] as number;
    const end = this.#shape.bodyEnds[definedIndex] as number;
    const type = typeOfFunction(this.#shape, index);
    const reader = new Reader(this.#bytes, start, end);
    this.#reader = reader;
    this.#resetFunction(type);
    const localGroups = reader.count('groups of locals', MODULE_LIMITS.maxLocals);
    const localsStart = reader.position;
    const declared = this.#readLocals(localGroups);
    const localsEnd = reader.position;
    this.#allLocals = type.params + declared;
    const scratchStart = scratch.length;
    const recordsStart = records.length;
    const anchorsStart = anchors.length;
    const calleesStart = callees.length;
    this.#pushLabel(LABEL.function, { params: 0, results: type.results });
    this.#begin(EXACT_NODE, RECORD.entry);
    this.#weight = declared * DYNAMIC.local;
    this.#readCode();
    this.#solve(recordsStart);
    if (this.#allLocals + 2 + this.#addedLocals.length > MODULE_LIMITS.maxLocals) {
      throw tooMany('locals in a function with what metering adds', this.#allLocals + 1, MODULE_LIMITS.maxLocals);
    }
    return {
      index,
      fuelLocal: this.#fuelLocal,
      scratchStart,
      scratchEnd: scratch.length,
      recordsStart,
      recordsEnd: records.length,
      anchorsStart,
      anchorsEnd: anchors.length,
      calleesStart,
      calleesEnd: callees.length,
      localGroups,
      localsStart,
      localsEnd,
      addedLocals: this.#addedLocals,
      nextLocal: this.#allLocals + 1 + this.#addedLocals.length,
      stackLocal: this.#stackLocal,
      wrapped: (this.#nodes[0] as number) >= 0,
      hasCalls: this.#hasCalls,
      hasTailCalls: this.#hasTailCalls,
      needsEntryCheck: this.#hasCalls || this.#totalWeight > MAX_UNCHECKED_LEAF,
      frameBytes: this.#frameBytes(type),
    };
  }

  #resetFunction(type: TypeEntry): void {
    this.#graph.reset();
    this.#plainLocals = type.params;
    this.#fuelLocal = type.params;
    this.#addedLocals = [];
    this.#addedByKey = new Map();
    this.#stackLocal = -1;
    this.#hasCalls = false;
    this.#hasTailCalls = false;
    this.#usesVectors = false;
    this.#edge = -1;
    this.#weight = 0;
    this.#totalWeight = 0;
    this.#unchecked = 0;
    this.#height = 0;
    this.#maxHeight = 0;
    this.#loopDepth = 0;
    this.#ifDepth = 0;
    this.#ordinal = 0;
    this.#top = -1;
  }

  #readLocals(groups: number): number {
    const reader = this.#reader;
    let locals = 0;
    for (let left = groups; left > 0; left--) {
      locals += reader.u32('the number of locals');
      if (locals > MODULE_LIMITS.maxLocals) throw tooMany('locals in a function', locals, MODULE_LIMITS.maxLocals);
      if (reader.bytes[reader.position] === 0x7b) this.#usesVectors = true;
      skipValueType(reader);
    }
    return locals;
  }

  #frameBytes(type: TypeEntry): number {
    const values = this.#allLocals + this.#addedLocals.length + type.results + 2 * (this.#maxHeight + 4);
    return FRAME_BYTES + values * (this.#usesVectors ? 16 : 8);
  }

  /** The loop over the instructions. The frequent forms are handled here; the others leave the loop's variables in the fields. */
  #readCode(): void {
    const bytes = this.#bytes;
    const reader = this.#reader;
    const { scratch, anchors } = this.lists;
    const { end } = reader;
    const plainLocals = this.#plainLocals;
    const allLocals = this.#allLocals;
    let at = reader.position;
    let out = scratch.bytes;
    let to = scratch.length;
    // No difference at all at first, so that the first instruction has an anchor.
    let difference = Number.NaN;
    let height = 0;
    let maxHeight = 0;
    while (this.#top >= 0) {
      if (at >= end) throw malformed(at, 'expected an instruction, found the end of the function');
      if (to + 32 > out.length) {
        scratch.length = to;
        scratch.reserve(4_096);
        out = scratch.bytes;
      }
      if (to - at !== difference) {
        anchors.push2(to, at);
        difference = to - at;
      }
      const opcode = bytes[at] as number;
      const form = FORMS[opcode] as number;
      if (form !== FORM.slow) {
        out[to++] = opcode;
        at++;
        this.#weight += WEIGHTS[opcode] as number;
        height += DELTAS[opcode] as number;
        if (form === FORM.local) {
          let index = bytes[at++] as number;
          if (index >= 0x80) {
            reader.position = at - 1;
            index = reader.u32('a local');
            at = reader.position;
          }
          if (index >= allLocals) throw malformed(at, `local ${index} is not among the ${allLocals} there are`);
          if (index >= plainLocals) index++;
          for (; index >= 0x80; index >>>= 7) out[to++] = (index & 0x7f) | 0x80;
          out[to++] = index;
        } else if (form === FORM.number) {
          let byte = bytes[at++] as number;
          out[to++] = byte;
          for (let read = 1; byte >= 0x80; read++) {
            if (read === 10) throw malformed(at, 'a LEB128 number of more than 10 bytes');
            byte = bytes[at++] as number;
            out[to++] = byte;
          }
        } else if (form === FORM.memory) {
          const alignment = bytes[at++] as number;
          out[to++] = alignment;
          const first = bytes[at] as number;
          if (alignment < 0x40 && first < 0x80 && this.#shape.memories.length > 0) {
            out[to++] = first;
            at++;
          } else {
            const start = at;
            reader.position = at - 1;
            this.#checkMemoryArgument();
            at = reader.position;
            for (let position = start; position < at; position++) out[to++] = bytes[position] as number;
          }
        }
        if (height > maxHeight) maxHeight = height;
        if (this.#weight <= MAX_UNCHECKED) continue;
      }
      scratch.length = to;
      reader.position = at;
      this.#height = height;
      const anchored = anchors.length;
      if (form === FORM.slow) this.#readSlow(opcode);
      if (this.#weight > MAX_UNCHECKED && this.#edge >= 0) this.#split();
      at = reader.position;
      out = scratch.bytes;
      to = scratch.length;
      height = this.#height;
      if (height > maxHeight) maxHeight = height;
      if (anchors.length !== anchored) difference = Number.NaN;
    }
    if (at !== end) throw malformed(at, `a function body has ${end - at} bytes more than its code`);
    this.#maxHeight = maxHeight;
  }

  #checkMemoryArgument(): void {
    const reader = this.#reader;
    const offset = reader.position;
    const flags = reader.u32('an alignment');
    const memory = (flags & 0x40) === 0 ? 0 : reader.u32('a memory');
    checkIndex(memory, this.#shape.memories.length, 'memory', offset);
    reader.skipLeb('an offset', 10);
  }

  /** An instruction with a treatment of its own, or rare. */
  #readSlow(opcode: number): void {
    const start = this.#reader.position;
    const code = readCode(this.#reader);
    this.#weight += WEIGHTS[code] as number;
    switch (opcode) {
      case OP.block:
      case OP.try:
        return this.#readBlock(opcode);
      case OP.loop:
        return this.#readLoop();
      case OP.if:
        return this.#readIf();
      case OP.else:
        return this.#readElse();
      case OP.catch:
      case OP.catchAll:
        return this.#readCatch(opcode);
      case OP.tryTable:
        return this.#readTryTable();
      case OP.end:
        return this.#readEnd();
      case OP.delegate:
        return this.#readDelegate(start);
      case OP.br:
        return this.#readBranch();
      case OP.brIf:
        return this.#readConditionalBranch(start);
      case OP.brTable:
        return this.#readBranchTable(start);
      case OP.brOnNull:
      case OP.brOnNonNull:
        this.#height += DELTAS[code] as number;
        return this.#readTypedBranch(start, code);
      case OP.return:
        this.#leave();
        this.lists.scratch.u8(OP.return);
        return this.#skipUnreachable();
      case OP.unreachable:
        return this.#readUnreachable(start);
      case OP.throw:
      case OP.rethrow:
      case OP.throwRef:
        return this.#readThrow(start, code);
      case OP.call:
      case OP.returnCall:
        return this.#readCall(opcode);
      case OP.callIndirect:
      case OP.returnCallIndirect:
        return this.#readIndirectCall(opcode, start);
      case OP.callRef:
      case OP.returnCallRef:
        return this.#readReferenceCall(opcode, start);
      case OP.globalGet:
      case OP.globalSet:
        return this.#readGlobal(opcode, start);
      case OP.refFunc:
        return this.#readFunctionReference(start);
      case OP.memoryGrow:
        return this.#readMemoryGrow(start);
      default:
        return this.#readOther(code, start);
    }
  }

  /** Instructions that are copied as they are once their indexes are checked, and bulk operations. */
  #readOther(code: number, start: number): void {
    if (code === OP.brOnCast || code === OP.brOnCastFail) {
      this.#reader.skip(1, 'the flags of a cast');
      return this.#readTypedBranch(start, code);
    }
    if (code >= SIMD_BASE) this.#usesVectors = true;
    else if (code >= MISC_BASE && this.#readBulk(code, start)) return;
    else if (code >= GC_BASE) this.#readArrayWork(code);
    this.#checkOperands(code);
    this.#grow(this.#deltaOf(code));
    this.lists.scratch.copy(this.#bytes, start, this.#reader.position);
  }

  #grow(delta: number): void {
    this.#height += delta;
    if (this.#height > this.#maxHeight) this.#maxHeight = this.#height;
  }

  #deltaOf(code: number): number {
    const { types } = this.#shape;
    if (code === OP.structNew) return 1 - (types[this.#lastType]?.fields ?? 0);
    if (code === OP.arrayNewFixed) return 1 - this.#lastNumber;
    return DELTAS[code] as number;
  }

  #lastType = 0;
  #lastNumber = 0;

  /** Passes over the immediates and holds every index against the original module. */
  #checkOperands(code: number): void {
    const reader = this.#reader;
    const shape = this.#shape;
    const operands = OPERANDS[code] as string;
    const counts: Record<string, number> = {
      t: shape.tables.length,
      m: shape.memories.length,
      d: shape.dataSegments,
      e: shape.elementSegments,
      y: shape.types.length,
    };
    if (operands === 'a' || operands === 'a1') {
      this.#checkMemoryArgument();
      if (operands === 'a1') reader.skip(1, 'a lane');
      return;
    }
    const simple = [...operands].every((letter) => letter in counts || letter === 'u');
    if (!simple) return skipOperands(reader, code);
    for (const letter of operands) {
      const offset = reader.position;
      const index = reader.u32('an index');
      if (letter === 'u') this.#lastNumber = index;
      else checkIndex(index, counts[letter] as number, OPERAND_NAMES[letter] as string, offset);
      if (letter === 'y') this.#lastType = index;
    }
  }

  // Labels

  #pushLabel(kind: number, type: BlockType): void {
    const top = ++this.#top;
    const ordinal = this.#ordinal++;
    this.#kinds[top] = kind;
    this.#nodes[top] = -1;
    this.#splits[top] = -1;
    this.#heights[top] = this.#height - type.params;
    this.#params[top] = type.params;
    this.#results[top] = type.results;
    this.#ordinals[top] = ordinal;
    this.#loopDepths[top] = this.#loopDepth;
    this.#ifDepths[top] = this.#ifDepth;
    if (this.#catchTargets.has(ordinal)) this.#nodes[top] = EXACT_NODE;
  }

  /** Whether exceptions are caught to this label: then the fuel goes there through the global. */
  #isCatchTarget(target: number): boolean {
    return this.#nodes[target] === EXACT_NODE;
  }

  #targetOf(label: number): number {
    const target = this.#top - label;
    if (target < 0) throw malformed(this.#reader.position, `label ${label} is not among the ${this.#top + 1} in scope`);
    return target;
  }

  #nodeOf(target: number): number {
    if (this.#nodes[target] === -1) this.#nodes[target] = this.#graph.addNode();
    return this.#nodes[target] as number;
  }

  /** How many operands a branch to the label takes along. */
  #arityOf(target: number): number {
    return (this.#kinds[target] === LABEL.loop ? this.#params[target] : this.#results[target]) as number;
  }

  // Edges

  /** An edge's frequency class: a rank within (which of equals is rather in the tree), above it how deep in loops and ifs it runs. */
  #frequency(loopDepth: number, ifDepth: number, rank: number): number {
    return (Math.min(15, loopDepth) * 4 + 3 - Math.min(3, ifDepth)) * 4 + rank;
  }

  #record(kind: number, first: number, second: number): void {
    const { records, scratch } = this.lists;
    records.push4(scratch.length, kind, first, second);
  }

  /** Begins an edge at a node; `record` says what may go here. */
  #begin(node: number, record: number): void {
    const rank = record === RECORD.loop || record === RECORD.entry ? 0 : 1;
    this.#edge = this.#graph.addEdge(node, this.#frequency(this.#loopDepth, this.#ifDepth, rank));
    this.#weight = 0;
    this.#record(record, this.#edge, node);
    if (node !== EXACT_NODE) this.#unchecked = this.#graph.uncheckedAt(node);
    if (record === RECORD.loop) this.#unchecked = 0;
    else if (this.#unchecked > MAX_UNCHECKED) this.#check(node);
  }

  /** Adds a check behind the charge of the edge that has just begun. */
  #check(node: number): void {
    this.#record(RECORD.check, this.#edge, node);
    this.#unchecked = 0;
  }

  /** Ends the edge at a node. */
  #finish(node: number, frequency = this.#graph.frequencyOf(this.#edge)): void {
    const least = Math.min(frequency, this.#graph.frequencyOf(this.#edge));
    this.#graph.endEdge(this.#edge, node, this.#weight, least);
    this.#unchecked += this.#weight;
    this.#totalWeight += this.#weight;
    this.#graph.reach(node, this.#unchecked);
    this.#edge = -1;
    this.#weight = 0;
  }

  /** Ends the edge where the fuel must be exact, and pushes it. */
  #push(frequency?: number): void {
    const edge = this.#edge;
    this.#finish(EXACT_NODE, frequency);
    this.#graph.markPushed(edge);
    this.#record(RECORD.push, edge, 0);
  }

  /** The same, and stores it. */
  #store(frequency?: number): void {
    this.#push(frequency);
    this.lists.scratch.op(OP.globalSet, this.#additions.fuelGlobal);
  }

  /** The same, and goes on with it: where what follows may or may not take it from the global. */
  #storeAndKeep(): void {
    this.#push();
    this.lists.scratch.op(OP.localTee, this.#fuelLocal);
    this.lists.scratch.op(OP.globalSet, this.#additions.fuelGlobal);
  }

  /** Takes the fuel back from the global, and what an exception has left of the stack. */
  #load(): void {
    const { scratch } = this.lists;
    if (this.#stackLocal < 0) this.#stackLocal = this.#addLocal('stack', I32_TYPE);
    scratch.op(OP.localGet, this.#stackLocal);
    scratch.op(OP.globalSet, this.#additions.stackGlobal);
    scratch.op(OP.globalGet, this.#additions.fuelGlobal);
    this.#begin(EXACT_NODE, RECORD.setFuel);
    this.#check(EXACT_NODE);
  }

  /** The function is left by its results. */
  #leave(): void {
    this.#push(0);
  }

  /** The function is left by a tail call. */
  #leaveByCall(): void {
    this.#hasCalls = true;
    this.#hasTailCalls = true;
    this.#record(RECORD.tailCall, 0, 0);
    this.#push(0);
  }

  #split(): void {
    const node = this.#graph.addNode();
    this.#finish(node);
    this.#begin(node, RECORD.charge);
  }

  /** Code that follows is reached from a label. */
  #beginAtLabel(target: number): void {
    if (this.#isCatchTarget(target)) this.#load();
    else this.#begin(this.#nodes[target] as number, RECORD.charge);
  }

  #frequencyAt(target: number): number {
    return this.#frequency(this.#loopDepths[target] as number, this.#ifDepths[target] as number, 3);
  }

  // Structure

  /** Reads a block type and writes it: types of blocks stay as they were. */
  #readBlockType(opcode: number): { type: BlockType; write: () => void } {
    const reader = this.#reader;
    const { scratch } = this.lists;
    const start = reader.position;
    const first = reader.bytes[start] as number;
    if (first === 0x40 || (first > 0x40 && first < 0x80)) {
      skipValueType(reader);
      const end = reader.position;
      const write = (): void => {
        scratch.u8(opcode);
        scratch.copy(this.#bytes, start, end);
      };
      return { type: { params: 0, results: first === 0x40 ? 0 : 1 }, write };
    }
    const index = reader.u32('a block type');
    const type = this.#shape.types[index];
    if (type === undefined) throw malformed(start, `type ${index} is not there`);
    const original = this.#additions.originalType(index);
    const write = (): void => {
      scratch.u8(opcode);
      scratch.signed(original);
    };
    return { type, write };
  }

  #readBlock(opcode: number): void {
    const { type, write } = this.#readBlockType(opcode);
    write();
    this.#pushLabel(opcode === OP.try ? LABEL.try : LABEL.block, type);
  }

  #readLoop(): void {
    const { type, write } = this.#readBlockType(OP.loop);
    const ordinal = this.#ordinal;
    const caught = this.#catchTargets.has(ordinal);
    this.#pushLabel(LABEL.loop, type);
    if (caught) this.#store();
    else this.#finish(this.#nodeOf(this.#top));
    this.#loopDepth++;
    this.#ifDepth = 0;
    // The label's own depths are those inside, where a branch to it goes.
    this.#loopDepths[this.#top] = this.#loopDepth;
    this.#ifDepths[this.#top] = 0;
    write();
    if (caught) this.#load();
    else this.#begin(this.#nodes[this.#top] as number, RECORD.loop);
  }

  #readIf(): void {
    const { type, write } = this.#readBlockType(OP.if);
    this.#height--;
    const node = this.#graph.addNode();
    this.#finish(node);
    this.#pushLabel(LABEL.if, type);
    this.#splits[this.#top] = node;
    this.#ifDepth++;
    write();
    this.#begin(node, RECORD.charge);
  }

  #readElse(): void {
    const top = this.#top;
    this.#endArm();
    this.lists.scratch.u8(OP.else);
    this.#kinds[top] = LABEL.else;
    this.#height = (this.#heights[top] as number) + (this.#params[top] as number);
    this.#begin(this.#splits[top] as number, RECORD.charge);
  }

  /** The code of an arm runs on to the end of its block. */
  #endArm(): void {
    if (this.#edge < 0) return;
    if (this.#isCatchTarget(this.#top)) this.#store();
    else this.#finish(this.#nodeOf(this.#top));
  }

  #readCatch(opcode: number): void {
    const { scratch } = this.lists;
    this.#endArm();
    scratch.u8(opcode);
    this.#height = this.#heights[this.#top] as number;
    if (opcode === OP.catch) {
      const tag = this.#readTag();
      scratch.u32(tag);
      this.#height += (this.#shape.types[this.#shape.tags[tag] as number] as TypeEntry).params;
    }
    this.#unchecked = 0;
    this.#load();
  }

  #readTag(): number {
    const offset = this.#reader.position;
    const tag = this.#reader.u32('a tag');
    checkIndex(tag, this.#shape.tags.length, 'tag', offset);
    return tag;
  }

  #readTryTable(): void {
    const reader = this.#reader;
    const { type, write } = this.#readBlockType(OP.tryTable);
    const start = reader.position;
    for (let left = reader.count('catch clauses', reader.remaining); left > 0; left--) {
      const kind = reader.u8('a catch clause');
      if (kind > 3) throw malformed(reader.position - 1, `expected a catch clause (0 to 3), found ${kind}`);
      if (kind < 2) this.#readTag();
      const target = this.#targetOf(reader.u32('a label'));
      this.#catchTargets.add(this.#ordinals[target] as number);
      // So that what is behind that label counts as reachable, the first time too.
      this.#nodeOf(target);
    }
    write();
    this.lists.scratch.copy(this.#bytes, start, reader.position);
    this.#pushLabel(LABEL.block, type);
  }

  #readDelegate(start: number): void {
    this.#reader.u32('a label');
    this.#endArm();
    this.lists.scratch.copy(this.#bytes, start, this.#reader.position);
    this.#closeLabel();
  }

  #readEnd(): void {
    const top = this.#top;
    if (top === 0) return this.#endFunction();
    const kind = this.#kinds[top];
    const { scratch } = this.lists;
    if (kind === LABEL.loop) {
      scratch.u8(OP.end);
      if (this.#edge < 0) return this.#closeUnreachable();
      return this.#popLabel();
    }
    if (kind === LABEL.if) {
      const node = this.#nodeOf(top);
      this.#endArm();
      this.#addElseArm(top, node);
    } else if (this.#nodes[top] !== -1) {
      this.#endArm();
    }
    scratch.u8(OP.end);
    if (this.#nodes[top] === -1 && this.#edge >= 0) return this.#popLabel();
    this.#closeLabel();
  }

  /** The way past an `if` whose condition was false. */
  #addElseArm(top: number, node: number): void {
    const { scratch } = this.lists;
    const caught = this.#isCatchTarget(top);
    const edge = this.#graph.addEdge(this.#splits[top] as number, this.#frequencyAt(top));
    this.#graph.endEdge(edge, node, 0, this.#frequencyAt(top));
    this.#graph.reach(node, this.#graph.uncheckedAt(this.#splits[top] as number));
    if (!caught) {
      this.#record(RECORD.elseArm, edge, 0);
      return;
    }
    scratch.u8(OP.else);
    this.#graph.markPushed(edge);
    this.#record(RECORD.push, edge, 0);
    scratch.op(OP.globalSet, this.#additions.fuelGlobal);
  }

  #popLabel(): void {
    const top = this.#top--;
    this.#height = (this.#heights[top] as number) + (this.#results[top] as number);
    if (this.#kinds[top] === LABEL.loop) this.#loopDepth--;
    this.#ifDepth = this.#kinds[top] === LABEL.loop ? this.#ifDepthOutside(top) : (this.#ifDepths[top] as number);
  }

  /** A loop's own entry says how deep its inside is; what was outside is what its parent says. */
  #ifDepthOutside(top: number): number {
    const parent = top - 1;
    const kind = this.#kinds[parent];
    return (this.#ifDepths[parent] as number) + (kind === LABEL.if || kind === LABEL.else ? 1 : 0);
  }

  /** The block's end has been written; it is a join, or nobody comes here. */
  #closeLabel(): void {
    const top = this.#top;
    if (this.#nodes[top] === -1 && this.#edge < 0) return this.#closeUnreachable();
    this.#popLabel();
    if (this.#edge < 0) this.#beginAtLabel(top);
  }

  /** Nobody comes behind the end of this block: the code there is left out too, so its operands must be anything. */
  #closeUnreachable(): void {
    this.#popLabel();
    this.lists.scratch.u8(OP.unreachable);
    this.#skipUnreachable();
  }

  #endFunction(): void {
    const { scratch } = this.lists;
    if ((this.#nodes[0] as number) >= 0) {
      this.#endArm();
      scratch.u8(OP.end);
      this.#beginAtLabel(0);
    }
    // The emitter writes the function's end.
    if (this.#edge >= 0) this.#leave();
    this.#top = -1;
  }

  /** Passes over code that cannot be reached, up to what ends it: `end`, `else`, `catch`, `catch_all` or `delegate`. */
  #skipUnreachable(): void {
    const reader = this.#reader;
    for (let depth = 0; ; ) {
      const start = reader.position;
      const code = readCode(reader);
      const ends = code === OP.end || code === OP.delegate;
      if (depth === 0 && (ends || code === OP.else || code === OP.catch || code === OP.catchAll)) {
        reader.position = start;
        return;
      }
      if (ends) depth--;
      if (code <= OP.try && code >= OP.block && code !== OP.else) {
        depth++;
        this.#ordinal++;
      }
      if (code === OP.tryTable) {
        depth++;
        this.#ordinal++;
      }
      skipOperands(reader, code);
    }
  }

  // Branches

  #readBranch(): void {
    const { scratch } = this.lists;
    const label = this.#reader.u32('a label');
    const target = this.#targetOf(label);
    if (target === 0 && !this.#isCatchTarget(0)) {
      this.#leave();
      scratch.u8(OP.return);
      return this.#skipUnreachable();
    }
    if (this.#isCatchTarget(target)) this.#store(this.#frequencyAt(target));
    else this.#finish(this.#nodeOf(target), this.#frequencyAt(target) - 2);
    scratch.op(OP.br, label);
    this.#skipUnreachable();
  }

  #readConditionalBranch(start: number): void {
    const label = this.#reader.u32('a label');
    const target = this.#targetOf(label);
    this.#height--;
    if (this.#isCatchTarget(target)) return this.#branchExactly(start);
    if (this.#arityOf(target) > 0) return this.#branchShared(start, [target]);
    const split = this.#graph.addNode();
    const here = this.#frequency(this.#loopDepth, this.#ifDepth, 3);
    this.#finish(split);
    const node = this.#nodeOf(target);
    const frequency = Math.min(here, this.#frequencyAt(target));
    const edge = this.#graph.addEdge(split, frequency);
    this.#graph.endEdge(edge, node, 0, frequency);
    this.#graph.reach(node, this.#graph.uncheckedAt(split));
    this.#record(RECORD.branch, edge, label);
    this.#begin(split, RECORD.charge);
  }

  /** A branch to where exceptions are caught to: the fuel is stored whether it is taken or not. */
  #branchExactly(start: number): void {
    this.#storeAndKeep();
    this.lists.scratch.copy(this.#bytes, start, this.#reader.position);
    this.#begin(EXACT_NODE, RECORD.charge);
  }

  /** A branch on which nothing can be charged: its targets get the potential of the place where it stands. */
  #branchShared(start: number, targets: readonly number[]): void {
    const split = this.#graph.addNode();
    this.#finish(split);
    for (const target of targets) this.#share(split, target);
    this.lists.scratch.copy(this.#bytes, start, this.#reader.position);
    this.#begin(split, RECORD.charge);
  }

  #share(split: number, target: number): void {
    const node = this.#nodeOf(target);
    this.#graph.unify(split, node);
    this.#graph.reach(node, this.#graph.uncheckedAt(split));
  }

  #readBranchTable(start: number): void {
    const reader = this.#reader;
    const split = this.#graph.addNode();
    const seen = new Set<number>();
    let caught = false;
    for (let left = reader.count('labels', reader.remaining); left >= 0; left--) {
      const target = this.#targetOf(reader.u32('a label'));
      seen.add(target);
      if (this.#isCatchTarget(target)) caught = true;
    }
    this.#height--;
    if (caught) {
      this.#storeAndKeep();
      for (const target of seen) if (!this.#isCatchTarget(target)) this.#graph.unify(EXACT_NODE, this.#nodeOf(target));
      for (const target of seen) this.#graph.reach(this.#nodeOf(target), this.#unchecked);
    } else {
      this.#finish(split);
      for (const target of seen) this.#share(split, target);
    }
    this.lists.scratch.copy(this.#bytes, start, reader.position);
    this.#skipUnreachable();
  }

  /** br_on_null, br_on_non_null, br_on_cast, br_on_cast_fail: the label comes next. */
  #readTypedBranch(start: number, code: number): void {
    const reader = this.#reader;
    const target = this.#targetOf(reader.u32('a label'));
    if (code >= GC_BASE) for (let left = 2; left > 0; left--) reader.skipLeb('a heap type', 5);
    if (this.#isCatchTarget(target)) this.#branchExactly(start);
    else this.#branchShared(start, [target]);
  }

  #readUnreachable(start: number): void {
    const { scratch, anchors } = this.lists;
    this.#store(0);
    anchors.push2(scratch.length, start | (PLACE.exact << PLACE_SHIFT));
    scratch.u8(OP.unreachable);
    anchors.push2(scratch.length, this.#reader.position);
    this.#skipUnreachable();
  }

  #readThrow(start: number, code: number): void {
    const { scratch, anchors } = this.lists;
    if (code === OP.throw) this.#readTag();
    if (code === OP.rethrow) this.#targetOf(this.#reader.u32('a label'));
    this.#store(0);
    anchors.push2(scratch.length, start);
    scratch.copy(this.#bytes, start, this.#reader.position);
    this.#skipUnreachable();
  }

  // Calls

  #readCall(opcode: number): void {
    const { scratch, callees } = this.lists;
    const offset = this.#reader.position;
    const index = this.#reader.u32('a function');
    checkIndex(index, this.#shape.functions.length, 'function', offset);
    callees.push(index);
    const callee = this.#additions.functionReference(index);
    if (opcode === OP.returnCall) {
      this.#leaveByCall();
      scratch.op(opcode, callee);
      return this.#skipUnreachable();
    }
    this.#record(RECORD.call, 0, index);
    this.#push();
    scratch.op(opcode, callee);
    this.#afterCall(typeOfFunction(this.#shape, index), 0, index);
  }

  /** The fuel is on top of the results. */
  #afterCall(type: TypeEntry, popped: number, callee: number): void {
    this.#hasCalls = true;
    this.#grow(type.results - type.params - popped);
    this.#unchecked += MAX_UNCHECKED_LEAF;
    this.#begin(EXACT_NODE, RECORD.setFuel);
    this.#record(RECORD.returned, 0, callee);
  }

  #readIndirectCall(opcode: number, start: number): void {
    const reader = this.#reader;
    const { callees } = this.lists;
    const typeIndex = reader.u32('a type');
    const type = this.#shape.types[typeIndex];
    if (type === undefined) throw malformed(start, `type ${typeIndex} is not there`);
    const table = this.#shape.tables[reader.u32('a table')];
    if (table === undefined) throw malformed(start, 'a call through a table that is not there');
    callees.push(-1 - typeIndex);
    const local = table.is64 ? this.#addLocal('i64', I64_TYPE) : this.#addLocal('i32', I32_TYPE);
    this.#callWith(local, opcode === OP.returnCallIndirect, start, type, -1 - typeIndex);
  }

  #readReferenceCall(opcode: number, start: number): void {
    const typeIndex = this.#reader.u32('a type');
    const type = this.#shape.types[typeIndex];
    if (type === undefined) throw malformed(start, `type ${typeIndex} is not there`);
    this.lists.callees.push(-1 - typeIndex);
    const local = this.#addLocal(`ref ${typeIndex}`, nullableReference(typeIndex));
    this.#callWith(local, opcode === OP.returnCallRef, start, type, -1 - typeIndex);
  }

  /** The callee is on top of the operands; the fuel must come before it. */
  #callWith(local: number, tail: boolean, start: number, type: TypeEntry, callee: number): void {
    const { scratch, anchors } = this.lists;
    scratch.op(OP.localSet, local);
    if (tail) this.#leaveByCall();
    else {
      this.#record(RECORD.call, 0, callee);
      this.#push();
    }
    scratch.op(OP.localGet, local);
    anchors.push2(scratch.length, start);
    scratch.copy(this.#bytes, start, this.#reader.position);
    if (!tail) return this.#afterCall(type, 1, callee);
    this.#skipUnreachable();
  }

  #addLocal(key: string, type: Uint8Array): number {
    const known = this.#addedByKey.get(key);
    if (known !== undefined) return known;
    const index = this.#allLocals + 1 + this.#addedLocals.length;
    this.#addedLocals.push(type);
    this.#addedByKey.set(key, index);
    return index;
  }

  // What else needs a new index or a charge

  #readGlobal(opcode: number, start: number): void {
    const index = this.#reader.u32('a global');
    checkIndex(index, this.#shape.globals, 'global', start);
    this.lists.scratch.op(opcode, this.#additions.global(index));
    this.#grow(DELTAS[opcode] as number);
  }

  #readFunctionReference(start: number): void {
    const index = this.#reader.u32('a function');
    checkIndex(index, this.#shape.functions.length, 'function', start);
    this.#additions.referenced.add(index);
    this.#additions.codeReferences.add(index);
    this.lists.scratch.op(OP.refFunc, this.#additions.functionReference(index));
    this.#grow(1);
  }

  #readMemoryGrow(start: number): void {
    const memory = this.#reader.u32('a memory');
    checkIndex(memory, this.#shape.memories.length, 'memory', start);
    this.#callHelper('grow-memory', memory);
  }

  #callHelper(kind: HelperKind, index: number): void {
    const { scratch } = this.lists;
    this.#push();
    scratch.op(OP.call, this.#additions.helper(kind, index));
    this.#begin(EXACT_NODE, RECORD.setFuel);
  }

  /** Bulk operations of memories and tables; false for the other instructions with this prefix. */
  #readBulk(code: number, start: number): boolean {
    const reader = this.#reader;
    const { memories, tables } = this.#shape;
    const afterCode = reader.position;
    if (code === OP.tableGrow) {
      const table = reader.u32('a table');
      checkIndex(table, tables.length, 'table', start);
      this.#callHelper('grow-table', table);
      this.#grow(-1);
      return true;
    }
    const bulk = BULK.get(code);
    if (bulk === undefined) return false;
    this.#checkOperands(code);
    reader.position = afterCode;
    const first = reader.u32('an index');
    const second = bulk.operands === 2 ? reader.u32('an index') : first;
    // An `init` names its segment first, then the memory or table; its length has 32 bits.
    const target = bulk.segment ? second : first;
    const spaces = bulk.kind === 'bulk-memory' ? memories : tables;
    const is64 = !bulk.segment && spaces[first]?.is64 === true && spaces[second]?.is64 === true;
    this.#chargeWork(bulk.kind, target, is64);
    this.lists.anchors.push2(this.lists.scratch.length, start);
    this.lists.scratch.copy(this.#bytes, start, reader.position);
    this.#height -= 3;
    return true;
  }

  #readArrayWork(code: number): void {
    if (ARRAY_WORK.has(code)) this.#chargeWork('bulk-array', 0, false);
  }

  /**
   * The length of the work is on top of the operands, and stays there. All of it is charged; only where that is too much, the helper
   * looks whether it is more than there can be to do.
   */
  #chargeWork(kind: HelperKind, index: number, is64: boolean): void {
    const { scratch } = this.lists;
    const local = is64 ? this.#addLocal('i64', I64_TYPE) : this.#addLocal('i32', I32_TYPE);
    const pushLength = (): void => {
      scratch.op(OP.localGet, local);
      if (!is64) scratch.u8(I64_EXTEND_I32_U);
    };
    scratch.op(OP.localTee, local);
    this.#push();
    pushLength();
    scratch.u8(I64_SUB);
    scratch.op(OP.localTee, this.#fuelLocal);
    scratch.op(OP.i64Const, 0);
    scratch.u8(I64_LT_S);
    scratch.op(OP.if, 0x40);
    pushLength();
    scratch.op(OP.localGet, this.#fuelLocal);
    scratch.op(OP.call, this.#additions.helper(kind, index));
    scratch.op(OP.localSet, this.#fuelLocal);
    scratch.u8(OP.end);
    this.#begin(EXACT_NODE, RECORD.charge);
  }

  // The end

  /** Replaces edges and nodes in the function's records by charges and thresholds. */
  #solve(recordsStart: number): void {
    const graph = this.#graph;
    graph.solve();
    const { records } = this.lists;
    for (let at = recordsStart; at < records.length; at += 4) {
      const kind = records.at(at + 1);
      if (kind >= RECORD.tailCall) continue;
      const edge = records.at(at + 2);
      const own = kind === RECORD.push || !graph.isPushed(edge) ? graph.chargeOf(edge) : 0;
      records.data[at + 2] = kind === RECORD.check ? 0 : own;
      if (kind === RECORD.loop || kind === RECORD.entry || kind === RECORD.check) {
        records.data[at + 3] = graph.potentialOf(records.at(at + 3)) - own;
      }
    }
  }
}

const OPERAND_NAMES: Readonly<Record<string, string>> = {
  t: 'table',
  m: 'memory',
  d: 'data segment',
  e: 'element segment',
  y: 'type',
};

const BULK = new Map<number, { kind: HelperKind; operands: 1 | 2; segment: boolean }>([
  [OP.memoryInit, { kind: 'bulk-memory', operands: 2, segment: true }],
  [OP.memoryCopy, { kind: 'bulk-memory', operands: 2, segment: false }],
  [OP.memoryFill, { kind: 'bulk-memory', operands: 1, segment: false }],
  [OP.tableInit, { kind: 'bulk-table', operands: 2, segment: true }],
  [OP.tableCopy, { kind: 'bulk-table', operands: 2, segment: false }],
  [OP.tableFill, { kind: 'bulk-table', operands: 1, segment: false }],
]);

const ARRAY_WORK = new Set<number>([
  OP.arrayNew,
  OP.arrayNewDefault,
  OP.arrayNewData,
  OP.arrayNewElem,
  OP.arrayFill,
  OP.arrayCopy,
  OP.arrayInitData,
  OP.arrayInitElem,
]);

/** `(ref null index)`. */
function nullableReference(index: number): Uint8Array {
  const out = new Scratch(8);
  out.u8(0x63);
  out.signed(index);
  return out.finish();
}
