/**
 * The first pass over a function body: decodes it once, copies it to a scratch buffer with its indexes renumbered, and notes where
 * in it charges and checks may go (records). What they are is known only when the body has been seen to its end
 * (`flow-graph.ts`), and what the stack limit adds only when all bodies have; `emit.ts` puts both together.
 *
 * In the rewritten body the fuel that is left is the parameter behind the original ones. Between points where it is exact, it is too
 * high by the potential of the place. Code that cannot be reached is left out.
 */

import { MODULE_LIMITS } from '../../../limits.js';
import { Reader, tooMany } from '../../reader.js';
import type { Additions } from '../additions.js';
import { type BodyLists, type BodyPlan, RECORD } from '../body-plan.js';
import { EXACT_NODE } from '../flow-graph.js';
import { IntList } from '../int-list.js';
import { Scratch } from '../scratch.js';
import { type Shape, typeOfFunction } from '../shape.js';
import { DYNAMIC } from '../weights.js';
import { MAX_UNCHECKED_LEAF } from './calls.js';
import { readInstructions } from './code.js';
import { LABEL } from './labels.js';
import { OpenBody } from './open-body.js';

export class BodyReader {
  readonly lists: BodyLists;
  readonly #shape: Shape;
  readonly #body: OpenBody;

  constructor(shape: Shape, additions: Additions) {
    this.#shape = shape;
    const size = shape.bodyEnds.reduce((sum, end, index) => sum + end - (shape.bodyStarts[index] as number), 0);
    this.lists = {
      scratch: new Scratch(Math.ceil(size * 1.2) + 4_096),
      records: new IntList(Math.ceil(size / 2) + 256),
      anchors: new IntList(Math.ceil(size / 4) + 256),
      callees: new IntList(),
      loopCovers: new Map(),
    };
    this.#body = new OpenBody(shape, additions, this.lists);
  }

  /**
   * Reads the body of a defined function.
   * @throws HostError MODULE_INVALID or MODULE_LIMIT
   */
  read(definedIndex: number): BodyPlan {
    const { catchTargets } = this.#body;
    catchTargets.clear();
    const { scratch, records, anchors, callees } = this.lists;
    const marks = [scratch.length, records.length, anchors.length, callees.length] as const;
    const plan = this.#readOnce(definedIndex);
    if (catchTargets.size === 0) return plan;
    // Catch clauses name labels that earlier branches may have gone to: now all are known, so read it once more.
    [scratch.length, records.length, anchors.length, callees.length] = marks;
    for (const record of this.lists.loopCovers.keys()) if (record >= marks[1]) this.lists.loopCovers.delete(record);
    return this.#readOnce(definedIndex);
  }

  #readOnce(definedIndex: number): BodyPlan {
    const body = this.#body;
    const { scratch, records, anchors, callees } = this.lists;
    const index = this.#shape.importedFunctions + definedIndex;
    const type = typeOfFunction(this.#shape, index);
    const { bodyStarts, bodyEnds, bytes } = this.#shape;
    const reader = new Reader(bytes, bodyStarts[definedIndex] as number, bodyEnds[definedIndex] as number);
    body.begin(reader, type);
    const localGroups = reader.count('groups of locals', MODULE_LIMITS.maxLocals);
    const localsStart = reader.position;
    const declared = body.readLocals(localGroups);
    const localsEnd = reader.position;
    const scratchStart = scratch.length;
    const recordsStart = records.length;
    const anchorsStart = anchors.length;
    const calleesStart = callees.length;
    body.pushLabel(LABEL.function, { params: 0, results: type.results });
    body.beginEdge(EXACT_NODE, RECORD.entry);
    body.weight = declared * DYNAMIC.local;
    readInstructions(body);
    checkSize(body);
    this.#solve(recordsStart);
    return {
      index,
      fuelLocal: body.fuelLocal,
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
      addedLocals: body.addedLocals,
      stackSlot: body.fuelLocal + 1,
      stackLocal: body.stackLocal,
      wrapped: (body.labels.nodes[0] as number) >= 0,
      hasCalls: body.hasCalls,
      hasTailCalls: body.hasTailCalls,
      needsEntryCheck: body.hasCalls || body.totalWeight > MAX_UNCHECKED_LEAF,
      frameBytes: body.frameBytes(type),
    };
  }

  /** Replaces edges and nodes in the function's records by charges and thresholds. */
  #solve(recordsStart: number): void {
    const { graph } = this.#body;
    graph.solve();
    const { records } = this.lists;
    for (let at = recordsStart; at < records.length; at += 4) {
      const kind = records.at(at + 1);
      if (kind >= RECORD.table) continue;
      const edge = records.at(at + 2);
      const own = kind === RECORD.push || !graph.isPushed(edge) ? graph.chargeOf(edge) : 0;
      records.data[at + 2] = kind === RECORD.check ? 0 : own;
      if (kind === RECORD.loop || kind === RECORD.entry || kind === RECORD.check) {
        records.data[at + 3] = graph.potentialOf(records.at(at + 3)) - own;
      }
    }
  }
}

/** Bounds what the metered function asks of an engine. */
function checkSize(body: OpenBody): void {
  const states = body.allLocals * body.ordinal;
  if (states > MODULE_LIMITS.maxLocalsTimesBlocks) {
    throw tooMany('locals times blocks in a function', states, MODULE_LIMITS.maxLocalsTimesBlocks);
  }
  if (body.allLocals + 2 + body.addedLocals.length > MODULE_LIMITS.maxLocals) {
    throw tooMany('locals in a function with what metering adds', body.allLocals + 1, MODULE_LIMITS.maxLocals);
  }
}
