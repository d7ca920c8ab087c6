/**
 * A function whose body is being read: what has been seen of it, its labels, and the edge of the control-flow graph that is
 * under way. What the instructions do to it is said in the files beside this one.
 */

import { MODULE_LIMITS } from '../../../limits.js';
import { OP, skipValueType } from '../../instructions.js';
import { malformed, Reader, tooMany } from '../../reader.js';
import type { Additions } from '../additions.js';
import { ADDED_BEFORE_LOCALS, type BodyLists, RECORD } from '../body-plan.js';
import { EXACT_NODE, FATE, FlowGraph, RANK } from '../flow-graph.js';
import type { Shape, TypeEntry } from '../shape.js';
import { type BlockType, LABEL, Labels } from './labels.js';

/** A stretch of code without a check is cut by one when it weighs more than this. */
export const MAX_UNCHECKED = 2_048;

/** Bytes of a frame besides its values, with what the baseline compiler of V8 keeps in it. */
const FRAME_BYTES = 128;
export const I32_TYPE = Uint8Array.of(0x7f);
export const I64_TYPE = Uint8Array.of(0x7e);

/** A loop of which copies are being read. */
export interface Unrolling {
  /** Where its code begins, and the byte behind its `end`. */
  readonly start: number;
  readonly end: number;
  /** Copies that are still to be read, the one under way included. */
  left: number;
  /** The label that stands for the loop's own, and how many labels below it are hidden. */
  label: number;
  hidden: number;
}

export class OpenBody {
  readonly shape: Shape;
  readonly additions: Additions;
  readonly lists: BodyLists;
  readonly graph = new FlowGraph();
  readonly labels = new Labels();
  readonly bytes: Uint8Array;
  reader: Reader;
  plainLocals = 0;
  allLocals = 0;
  fuelLocal = 0;
  addedLocals: Uint8Array[] = [];
  addedByKey = new Map<string, number>();
  stackLocal = -1;
  hasCalls = false;
  hasTailCalls = false;
  usesVectors = false;
  /** The edge under way, or -1 where code cannot be reached; its weight so far. */
  edge = -1;
  weight = 0;
  totalWeight = 0;
  /** The most that may have run since a check. */
  unchecked = 0;
  height = 0;
  maxHeight = 0;
  /** Structured instructions so far; the ordinals of those that a catch clause branches to. */
  ordinal = 0;
  unrolling: Unrolling | undefined;
  readonly catchTargets = new Set<number>();
  /** The type and the number that the last instruction named. */
  lastType = 0;
  lastNumber = 0;

  constructor(shape: Shape, additions: Additions, lists: BodyLists) {
    this.shape = shape;
    this.additions = additions;
    this.bytes = shape.bytes;
    this.lists = lists;
    this.reader = new Reader(shape.bytes, 0, 0);
  }

  /** Begins a function. */
  begin(reader: Reader, type: TypeEntry): void {
    this.reader = reader;
    this.graph.reset();
    this.plainLocals = type.params;
    this.fuelLocal = type.params;
    this.addedLocals = [];
    this.addedByKey = new Map();
    this.stackLocal = -1;
    this.hasCalls = false;
    this.hasTailCalls = false;
    this.usesVectors = false;
    this.edge = -1;
    this.weight = 0;
    this.totalWeight = 0;
    this.unchecked = 0;
    this.height = 0;
    this.maxHeight = 0;
    this.ordinal = 0;
    this.unrolling = undefined;
    this.labels.top = -1;
  }

  /** Reads the groups of declared locals; answers how many locals they are. */
  readLocals(groups: number): number {
    const reader = this.reader;
    let locals = 0;
    for (let left = groups; left > 0; left--) {
      locals += reader.u32('the number of locals');
      if (locals > MODULE_LIMITS.maxLocals) throw tooMany('locals in a function', locals, MODULE_LIMITS.maxLocals);
      if (reader.bytes[reader.position] === 0x7b) this.usesVectors = true;
      skipValueType(reader);
    }
    this.allLocals = this.plainLocals + locals;
    return locals;
  }

  /** Stack that an activation takes, by our counting. */
  frameBytes(type: TypeEntry): number {
    const values = this.allLocals + this.addedLocals.length + type.results + 2 * (this.maxHeight + 4);
    return FRAME_BYTES + values * (this.usesVectors ? 16 : 8);
  }

  /** The operand stack becomes that much higher. */
  grow(delta: number): void {
    this.height += delta;
    if (this.height > this.maxHeight) this.maxHeight = this.height;
  }

  /** A local that is added, one for each key. */
  addLocal(key: string, type: Uint8Array): number {
    const known = this.addedByKey.get(key);
    if (known !== undefined) return known;
    const index = this.allLocals + ADDED_BEFORE_LOCALS + this.addedLocals.length;
    this.addedLocals.push(type);
    this.addedByKey.set(key, index);
    return index;
  }

  /** Notes that something may go here: one of RECORD. */
  record(kind: number, first: number, second: number): void {
    const { records, scratch } = this.lists;
    records.push4(scratch.length, kind, first, second);
  }

  /** Begins an edge at a node; `record` says what may go here, `odds` how likely it is among the edges from there. */
  beginEdge(node: number, record: number, odds = 1): void {
    // With a check, a charge costs least.
    const rank = record === RECORD.loop || record === RECORD.entry ? RANK.charge : RANK.none;
    this.edge = this.graph.addEdge(node, odds, rank);
    this.weight = 0;
    this.record(record, this.edge, node);
    if (node !== EXACT_NODE) this.unchecked = this.graph.uncheckedAt(node);
    if (record === RECORD.loop) {
      this.unchecked = 0;
      this.anchor(this.reader.position);
    } else if (this.unchecked > MAX_UNCHECKED) this.check(node);
  }

  /** Adds a check behind the charge of the edge that has just begun. */
  check(node: number): void {
    this.record(RECORD.check, this.edge, node);
    this.unchecked = 0;
    this.anchor(this.reader.position);
  }

  /** Says which byte of the original what is written next stands for, and what is put before it. */
  anchor(original: number): void {
    this.lists.anchors.push2(this.lists.scratch.length, original);
  }

  /** Ends the edge at a node. */
  endEdge(node: number, fate: number = FATE.goes): void {
    this.graph.endEdge(this.edge, node, this.weight, fate);
    this.unchecked += this.weight;
    this.totalWeight += this.weight;
    this.graph.reach(node, this.unchecked);
    this.edge = -1;
    this.weight = 0;
  }

  /** Ends the edge where the fuel must be exact, and pushes it, for a call of a function or not. The fate is one of FATE. */
  push(fate: number, callee = -1): void {
    const edge = this.edge;
    this.endEdge(EXACT_NODE, fate);
    this.graph.markPushed(edge);
    this.record(RECORD.push, edge, callee);
  }

  /** The same, and stores it. */
  store(fate: number): void {
    this.push(fate);
    this.lists.scratch.op(OP.globalSet, this.additions.fuelGlobal);
  }

  /** The same, and goes on with it: where what follows may or may not take it from the global. */
  storeAndKeep(fate: number): void {
    this.push(fate);
    this.lists.scratch.op(OP.localTee, this.fuelLocal);
    this.lists.scratch.op(OP.globalSet, this.additions.fuelGlobal);
  }

  /** Takes the fuel back from the global, and what an exception has left of the stack. */
  load(): void {
    const { scratch } = this.lists;
    if (this.stackLocal < 0) this.stackLocal = this.addLocal('stack', I32_TYPE);
    scratch.op(OP.localGet, this.stackLocal);
    scratch.op(OP.globalSet, this.additions.stackGlobal);
    scratch.op(OP.globalGet, this.additions.fuelGlobal);
    this.beginEdge(EXACT_NODE, RECORD.setFuel);
    this.check(EXACT_NODE);
  }

  /** The function is left by its results. */
  leave(): void {
    this.push(FATE.leaves);
  }

  /** The function is left by a tail call. */
  leaveByCall(): void {
    this.hasCalls = true;
    this.hasTailCalls = true;
    this.record(RECORD.tailCall, 0, 0);
    this.push(FATE.leaves);
  }

  /** Cuts the edge in two, so that a check can go between. */
  split(): void {
    const node = this.graph.addNode();
    this.endEdge(node);
    this.beginEdge(node, RECORD.charge);
  }

  /** Code that follows is reached from a label. */
  beginAtLabel(target: number): void {
    if (this.isCatchTarget(target)) this.load();
    else this.beginEdge(this.labels.nodes[target] as number, RECORD.charge);
  }

  /** A block begins. */
  pushLabel(kind: number, type: BlockType): void {
    const top = ++this.labels.top;
    const ordinal = this.ordinal++;
    this.labels.kinds[top] = kind;
    this.labels.nodes[top] = -1;
    this.labels.splits[top] = -1;
    this.labels.heights[top] = this.height - type.params;
    this.labels.params[top] = type.params;
    this.labels.results[top] = type.results;
    this.labels.records[top] = -1;
    this.labels.covered[top] = -1;
    this.labels.repeats[top] = false;
    this.labels.ordinals[top] = ordinal;
    this.labels.loops[top] = kind === LABEL.loop ? top : (this.labels.loops[top - 1] ?? 0);
    if (this.catchTargets.has(ordinal)) this.labels.nodes[top] = EXACT_NODE;
  }

  /** Whether exceptions are caught to this label: then the fuel goes there through the global. */
  isCatchTarget(target: number): boolean {
    return this.labels.nodes[target] === EXACT_NODE;
  }

  /** The place among the labels of a relative label. */
  targetOf(label: number): number {
    let target = this.labels.top - label;
    if (this.unrolling !== undefined && target < this.unrolling.label) target -= this.unrolling.hidden;
    if (target < 0)
      throw malformed(this.reader.position, `label ${label} is not among the ${this.labels.top + 1} in scope`);
    return target;
  }

  /** The node that branches to a label go to. */
  nodeOf(target: number): number {
    const { nodes, kinds } = this.labels;
    if (nodes[target] === -1) nodes[target] = this.graph.addNode(kinds[target] === LABEL.loop);
    return nodes[target] as number;
  }

  /** How many operands a branch to the label takes along. */
  arityOf(target: number): number {
    return (
      this.labels.kinds[target] === LABEL.loop ? this.labels.params[target] : this.labels.results[target]
    ) as number;
  }

  /** A block has ended. */
  popLabel(): void {
    const top = this.labels.top--;
    this.height = (this.labels.heights[top] as number) + (this.labels.results[top] as number);
  }
}
