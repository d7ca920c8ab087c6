/**
 * The second pass: writes a rewritten function body by merging what the first pass copied with the charges and checks that it
 * left places for, and notes which offsets of the output come from which of the input.
 *
 * A check is `if (fuel < threshold) unreachable`, with nothing else on the cold path. That it was a check and not the guest's
 * own `unreachable` is told from its offset. (On Node 20, a branch to one shared `unreachable` makes small loops up to a tenth
 * slower, because they are unrolled less; on later versions both take the same time.)
 */

import { MODULE_LIMITS } from '../../limits.js';
import { OP } from '../instructions.js';
import { Reader, tooMany } from '../reader.js';
import type { Additions } from './additions.js';
import { type BodyLists, type BodyPlan, PLACE, PLACE_SHIFT, RECORD } from './body-plan.js';
import type { StackPlan } from './call-graph.js';
import { writeLocals } from './emit-locals.js';
import { type ChargedWay, writeTable } from './emit-table.js';
import type { IntList } from './int-list.js';
import type { Scratch } from './scratch.js';
import { StackCode, type StackRole } from './stack-code.js';

const I64_SUB = 0x7d;
const I64_LT_S = 0x53;
const VOID = 0x40;
const ORIGINAL_MASK = 2 ** PLACE_SHIFT - 1;

export class BodyEmitter {
  readonly #input: Uint8Array;
  readonly #lists: BodyLists;
  readonly #additions: Additions;
  readonly #out: Scratch;
  /** Pairs: output offset, input offset and kind of place. */
  readonly #offsets: IntList;
  readonly #wrapperType: (plan: BodyPlan) => { short: number } | { index: number };
  readonly #stackCode: StackCode;
  readonly #checksAtEntry: (callee: number) => boolean;
  /** The fuel is on the operand stack already when it comes to be pushed. */
  #isPushed = false;

  /**
   * @param wrapperType the type of a block around the function's code
   * @param stack how functions take part in the stack limit
   * @param checksAtEntry whether a function looks at the fuel when it is entered
   */
  constructor(
    input: Uint8Array,
    lists: BodyLists,
    additions: Additions,
    out: Scratch,
    offsets: IntList,
    wrapperType: (plan: BodyPlan) => { short: number } | { index: number },
    stack: StackPlan,
    checksAtEntry: (callee: number) => boolean,
  ) {
    this.#input = input;
    this.#lists = lists;
    this.#additions = additions;
    this.#out = out;
    this.#offsets = offsets;
    this.#wrapperType = wrapperType;
    this.#stackCode = new StackCode(out, additions.stackGlobal, stack);
    this.#checksAtEntry = checksAtEntry;
  }

  /**
   * Appends one body with its length.
   * @throws HostError MODULE_LIMIT where it has become larger than engines take
   */
  emit(plan: BodyPlan, role: StackRole): void {
    const out = this.#out;
    const start = out.length;
    const firstOffset = this.#offsets.length;
    out.reserve(2 * (plan.scratchEnd - plan.scratchStart) + 64);
    out.length += 5;
    writeLocals(out, this.#input, plan, role);
    this.#emitEntry(plan, role);
    if (plan.wrapped) this.#openWrapper(plan);
    this.#merge(plan, role);
    out.u8(OP.end);
    const length = out.length - start - 5;
    if (length > MODULE_LIMITS.maxFunctionBytes) {
      throw tooMany('bytes in a function body with what metering adds', length, MODULE_LIMITS.maxFunctionBytes);
    }
    this.#putLength(start, length, firstOffset);
  }

  /** Writes the length before the body and closes the gap that was left for it. */
  #putLength(start: number, length: number, firstOffset: number): void {
    const out = this.#out;
    const end = out.length;
    out.length = start;
    out.u32(length);
    const gap = start + 5 - out.length;
    out.bytes.copyWithin(out.length, start + 5, end);
    out.length = end - gap;
    if (gap === 0) return;
    for (let at = firstOffset; at < this.#offsets.length; at += 2) {
      this.#offsets.data[at] = (this.#offsets.data[at] as number) - gap;
    }
  }

  #openWrapper(plan: BodyPlan): void {
    const type = this.#wrapperType(plan);
    this.#out.u8(OP.block);
    if ('short' in type) this.#out.u8(type.short);
    else this.#out.signed(type.index);
  }

  #merge(plan: BodyPlan, role: StackRole): void {
    const { records, anchors, scratch } = this.#lists;
    const out = this.#out;
    const offsets = this.#offsets;
    let copied = plan.scratchStart;
    let anchor = plan.anchorsStart;
    let record = plan.recordsStart;
    // Original offset less scratch position, and what kind of place it is.
    let shift = 0;
    let place = 0;
    while (copied < plan.scratchEnd || record < plan.recordsEnd) {
      const nextRecord = record < plan.recordsEnd ? records.at(record) : plan.scratchEnd;
      const nextAnchor = anchor < plan.anchorsEnd ? anchors.at(anchor) : plan.scratchEnd;
      const next = Math.min(nextRecord, nextAnchor);
      if (next > copied) {
        out.copy(scratch.bytes, copied, next);
        copied = next;
      }
      if (anchor < plan.anchorsEnd && nextAnchor === next) {
        const value = anchors.at(anchor + 1);
        shift = (value & ORIGINAL_MASK) - next;
        place = value & ~ORIGINAL_MASK;
        offsets.push2(out.length, value);
        anchor += 2;
      } else if (record < plan.recordsEnd && nextRecord === next) {
        const before = out.length;
        offsets.push2(before, (copied + shift) & ORIGINAL_MASK);
        if (records.at(record + 1) === RECORD.table) copied += this.#emitTable(plan, record);
        else this.#emitRecord(plan, role, record);
        record += 4;
        if (out.length === before) offsets.length -= 2;
        else offsets.push2(out.length, ((copied + shift) & ORIGINAL_MASK) | place);
      }
    }
  }

  #emitRecord(plan: BodyPlan, role: StackRole, at: number): void {
    const { records } = this.#lists;
    const out = this.#out;
    const kind = records.at(at + 1);
    const charge = records.at(at + 2);
    const second = records.at(at + 3);
    const fuel = plan.fuelLocal;
    switch (kind) {
      case RECORD.charge:
        return this.#charge(fuel, charge);
      case RECORD.setFuel:
        this.#subtract(charge);
        this.#isPushed = this.#isPushedNext(plan, at);
        if (!this.#isPushed) out.op(OP.localSet, fuel);
        return;
      case RECORD.loop:
        if (this.#isCovered(at)) return this.#charge(fuel, charge);
        return this.#chargeAndCheck(fuel, charge, second);
      case RECORD.entry:
        if (plan.needsEntryCheck) return this.#chargeAndCheck(fuel, charge, second);
        return this.#charge(fuel, charge);
      case RECORD.check:
        return this.#chargeAndCheck(fuel, 0, second);
      case RECORD.push:
        if (!this.#isPushed) out.op(OP.localGet, fuel);
        this.#isPushed = false;
        this.#subtract(charge);
        if (this.#stackCode.isTakenBy(second)) this.#stackCode.push(plan, role);
        return;
      case RECORD.branch:
        return this.#emitBranch(fuel, charge, second);
      case RECORD.elseArm:
        if (charge === 0) return;
        out.u8(OP.else);
        return this.#charge(fuel, charge);
      case RECORD.tailCall:
        if (role.counted) this.#stackCode.giveBack(plan, role);
        return;
      case RECORD.call:
        return this.#stackCode.beforeCall(plan, role, second, charge === 1);
      case RECORD.returned:
        return this.#stackCode.afterCall(plan, role, second);
    }
  }

  /** Whether the fuel that a call has left on the operand stack is wanted there: nothing stands between. */
  #isPushedNext({ recordsEnd }: BodyPlan, at: number): boolean {
    const { records } = this.#lists;
    let next = at + 4;
    while (next < recordsEnd && records.at(next + 1) === RECORD.returned) next += 4;
    return next < recordsEnd && records.at(next) === records.at(at) && records.at(next + 1) === RECORD.push;
  }

  /** Answers how many bytes of the scratch buffer it has written in its own way. */
  #emitTable({ fuelLocal }: BodyPlan, at: number): number {
    const { records, scratch } = this.#lists;
    const position = records.at(at);
    const labels = new Reader(scratch.bytes, position, scratch.length);
    for (let left = labels.u32('labels'); left >= 0; left--) labels.u32('a label');
    const ways: ChargedWay[] = [];
    for (let way = at - 4; way >= 0 && records.at(way) === position; way -= 4) {
      const charge = records.at(way + 2);
      if (records.at(way + 1) === RECORD.tableTarget && charge !== 0) ways.push({ label: records.at(way + 3), charge });
    }
    const bytes = scratch.bytes.subarray(position, labels.position);
    writeTable(this.#out, bytes, ways, records.at(at + 2), (charge) => this.#charge(fuelLocal, charge));
    return labels.position - position;
  }

  /** Whether each round of the loop comes to another check (`body/loop-checks.ts`). */
  #isCovered(record: number): boolean {
    const cover = this.#lists.loopCovers.get(record);
    return cover !== undefined && (cover < 0 || this.#checksAtEntry(cover));
  }

  #subtract(charge: number): void {
    if (charge === 0) return;
    this.#out.u8(OP.i64Const);
    this.#out.signed(charge);
    this.#out.u8(I64_SUB);
  }

  #charge(fuel: number, charge: number): void {
    if (charge === 0) return;
    this.#out.op(OP.localGet, fuel);
    this.#subtract(charge);
    this.#out.op(OP.localSet, fuel);
  }

  /** if ((fuel -= charge) < threshold) unreachable */
  #chargeAndCheck(fuel: number, charge: number, threshold: number): void {
    const out = this.#out;
    out.op(OP.localGet, fuel);
    this.#subtract(charge);
    if (charge !== 0) out.op(OP.localTee, fuel);
    out.u8(OP.i64Const);
    out.signed(threshold);
    out.u8(I64_LT_S);
    this.#trapIf(PLACE.fuel);
  }

  /** Takes a condition: traps where it holds, at a place of that kind. */
  #trapIf(place: number): void {
    const out = this.#out;
    const offsets = this.#offsets;
    const original = offsets.at(offsets.length - 1) & ORIGINAL_MASK;
    out.op(OP.if, VOID);
    offsets.push2(out.length, original | (place << PLACE_SHIFT));
    out.op(OP.unreachable, OP.end);
  }

  /** What comes before the function's code: stack that it takes, and what handlers of exceptions put back. */
  #emitEntry(plan: BodyPlan, role: StackRole): void {
    const out = this.#out;
    const { stackGlobal } = this.#additions;
    this.#offsets.push2(out.length, plan.localsEnd);
    if (plan.stackLocal >= 0) {
      out.op(OP.globalGet, stackGlobal);
      out.op(OP.localSet, plan.stackLocal);
    }
    if (!role.counted) return;
    this.#stackCode.takeFrame(plan, role);
    this.#trapIf(PLACE.stack);
  }

  #emitBranch(fuel: number, charge: number, label: number): void {
    const out = this.#out;
    if (charge === 0) return out.op(OP.brIf, label);
    out.u8(OP.if);
    out.u8(VOID);
    this.#charge(fuel, charge);
    out.op(OP.br, label + 1);
    out.u8(OP.end);
  }
}
