/**
 * Fuel metering: rewrites a core module so that it counts what it executes and stops when its budget is gone. A pure function of
 * bytes, linear in their number. What it does to a module is said in `body/` (code) and `additions.ts` (around it); what the host
 * does with the result, in `runtime.ts`.
 *
 * Fuel of a call = the weights of the original instructions executed, and dynamic charges (`weights.ts`). The counter is exact
 * at every host call and whenever a function is entered or left. It is checked at the entry of every function with calls, in
 * every round of a loop (every second or fourth of a small one), and before every host call and bulk operation; between two
 * checks about 4,000 units may run in each activation on the stack.
 */

import { MODULE_LIMITS } from '../../limits.js';
import { malformed, tooMany } from '../reader.js';
import { SECTION } from '../sections.js';
import { Writer } from '../writer.js';
import { HOST_FRAME_BYTES, writeExportWrapper, writeHelper, writeImportWrapper } from './added-code.js';
import { Additions } from './additions.js';
import { writeInOrder } from './assemble.js';
import { BodyReader } from './body/body-reader.js';
import { type BodyPlan, PLACE, PLACE_SHIFT } from './body-plan.js';
import { planStack, type StackPlan } from './call-graph.js';
import { BodyEmitter } from './emit.js';
import { IntList } from './int-list.js';
import { type OffsetMap, offsetMapOf } from './offset-map.js';
import { FUEL_EXPORTS, refuseReservedNames } from './reserved.js';
import { Scratch } from './scratch.js';
import {
  countActiveData,
  writeData,
  writeElements,
  writeExports,
  writeFunctions,
  writeGlobals,
  writeImports,
  writeTables,
  writeTags,
  writeTypes,
} from './sections.js';
import { KIND, readShape, type Shape, typeOfFunction } from './shape.js';
import type { StackRole } from './stack-code.js';
import { DYNAMIC, FUEL_VERSION } from './weights.js';

/** The limit on the guest's stack, in bytes as frames are counted, where none is given. */
export const DEFAULT_STACK_BYTES = 512 * 1024;

export interface MeterOptions {
  /**
   * `own`: the module defines the counter and exports it. `imported`: several modules share one counter and budget, which the
   * host makes (`runtime.ts`); tables and functions may be passed between them.
   */
  readonly globals?: 'own' | 'imported';
  /** The deterministic limit on the guest's stack. With imported globals, the host's stack global must begin with it. */
  readonly stackBytes?: number;
  /** Whether the original is valid. Default: the engine is asked. Metering an invalid module would be unsafe. */
  readonly validate?: (bytes: Uint8Array) => boolean;
}

export interface MeteredModule {
  readonly bytes: Uint8Array;
  readonly fuelVersion: number;
  /** Names of the exported globals (with own globals). */
  readonly exports: { readonly left: string; readonly stack: string; readonly state: string };
  /** The export to call once right after instantiation, in place of a start function; undefined without one. */
  readonly start: string | undefined;
  /** What instantiation itself costs: pages, table slots, active segments. The host takes it from the first budget. */
  readonly instantiationFuel: number;
  readonly stackBytes: number;
  readonly offsets: OffsetMap;
  /** Bytes of the code section before and after. */
  readonly codeBytes: { readonly original: number; readonly metered: number };
}

/**
 * Meters a module.
 * @throws HostError MODULE_INVALID (invalid, unknown instructions or sections, threads, relaxed SIMD, reserved names), MODULE_LIMIT
 *   (too much of something, before or after), NOT_IMPLEMENTED (a component)
 */
export function meter(bytes: Uint8Array, options: MeterOptions = {}): MeteredModule {
  const shape = readShape(bytes);
  refuseReservedNames(shape);
  checkRoom(shape);
  const validate = options.validate ?? ((candidate: Uint8Array) => WebAssembly.validate(candidate));
  if (!validate(bytes)) throw malformed(0, 'the engine does not accept it (its instructions do not fit together)');
  const additions = new Additions(shape, options.globals === 'imported');
  return new Metering(shape, additions, options.stackBytes ?? DEFAULT_STACK_BYTES).run();
}

/** Engines allow 1,000 parameters and results; every function gets one more of each. */
function checkRoom(shape: Shape): void {
  for (const type of shape.types) {
    const most = Math.max(type.params, type.results);
    if (type.form === 0x60 && most >= MODULE_LIMITS.maxParameters) {
      throw tooMany(
        'parameters or results of a function type, of which metering takes one',
        most + 1,
        MODULE_LIMITS.maxParameters,
      );
    }
  }
}

/** A function that is added: its type, and what writes its body. */
interface AddedFunction {
  readonly type: number;
  readonly place: number;
  /** Answers where in it a trap is the guest's own, if anywhere. */
  readonly write: (out: Scratch) => number | undefined;
}

class Metering {
  readonly #shape: Shape;
  readonly #additions: Additions;
  readonly #stackBytes: number;
  readonly #offsets: IntList;

  constructor(shape: Shape, additions: Additions, stackBytes: number) {
    this.#shape = shape;
    this.#additions = additions;
    this.#stackBytes = stackBytes;
    this.#offsets = new IntList(shape.bytes.length / 2 + 256);
  }

  run(): MeteredModule {
    const shape = this.#shape;
    const reader = new BodyReader(shape, this.#additions);
    const plans = shape.bodyStarts.map((_, index) => reader.read(index));
    const contents = new Map<number, Uint8Array | undefined>();
    contents.set(SECTION.table, writeTables(shape, this.#additions));
    contents.set(SECTION.global, writeGlobals(shape, this.#additions, this.#stackBytes));
    const elements = writeElements(shape, this.#additions);
    contents.set(SECTION.element, elements.content);
    const data = writeData(shape, this.#additions);
    if (data !== undefined) contents.set(SECTION.data, data);
    const wrappers = this.#wrapExports();
    const added = this.#addFunctions(wrappers, reader, plans);
    contents.set(SECTION.code, this.#writeCode(reader, plans, added));
    contents.set(SECTION.export, writeExports(shape, this.#additions, wrappers, this.#startIndex(wrappers)));
    contents.set(SECTION.import, writeImports(shape, this.#additions));
    contents.set(SECTION.tag, writeTags(shape, this.#additions));
    contents.set(
      SECTION.function,
      writeFunctions(
        shape,
        plans.map((plan) => this.#typeOf(plan)),
        added.map(({ type }) => type),
      ),
    );
    contents.set(SECTION.start, undefined);
    contents.set(SECTION.type, writeTypes(shape, this.#additions));
    return this.#assemble(contents, elements.activeSlots);
  }

  #startIndex(wrappers: ReadonlyMap<number, number>): number | undefined {
    const { start } = this.#shape;
    return start < 0 ? undefined : (wrappers.get(start) ?? start);
  }

  /** Numbers the wrappers of the functions that the host may call. */
  #wrapExports(): Map<number, number> {
    const shape = this.#shape;
    const wrappers = new Map<number, number>();
    const first = this.#additions.firstExportWrapper;
    const wanted = shape.exports.filter(({ kind }) => kind === KIND.function).map(({ index }) => index);
    if (shape.start >= 0) wanted.push(shape.start);
    for (const index of wanted) {
      if (index >= shape.importedFunctions && !wrappers.has(index)) wrappers.set(index, first + wrappers.size);
    }
    return wrappers;
  }

  #stack: StackPlan = { roles: [], chainBytes: 0, calleeKind: () => 0, takesStack: () => false };

  /** The functions that are added, in the order of their indexes. */
  #addFunctions(
    wrappers: ReadonlyMap<number, number>,
    reader: BodyReader,
    plans: readonly BodyPlan[],
  ): AddedFunction[] {
    const shape = this.#shape;
    const additions = this.#additions;
    const closed = !additions.importGlobals;
    const stack = planStack(shape, plans, reader.lists, additions, closed);
    this.#stack = stack;
    const reserve = stack.chainBytes + HOST_FRAME_BYTES;
    const added: AddedFunction[] = [];
    for (let index = 0; index < shape.importedFunctions; index++) {
      const type = typeOfFunction(shape, index);
      const write = (out: Scratch): undefined => {
        writeImportWrapper(out, additions, type, index);
        return undefined;
      };
      added.push({ type: shape.functions[index] as number, place: PLACE.fuel, write });
    }
    for (const helper of additions.helpers) {
      const write = (out: Scratch): number | undefined => writeHelper(out, shape, additions, helper);
      added.push({ type: helper.type, place: PLACE.fuel, write });
    }
    for (const index of wrappers.keys()) {
      const type = typeOfFunction(shape, index);
      const limits = { reserve, limit: this.#stackBytes, taken: stack.takesStack(index) };
      const write = (out: Scratch): undefined => {
        writeExportWrapper(out, additions, type, index, limits);
        return undefined;
      };
      added.push({ type: additions.originalType(shape.functions[index] as number), place: PLACE.stack, write });
    }
    return added;
  }

  #writeCode(reader: BodyReader, plans: readonly BodyPlan[], added: readonly AddedFunction[]): Uint8Array | undefined {
    const shape = this.#shape;
    if (plans.length + added.length === 0) return undefined;
    const out = new Scratch(Math.ceil(reader.lists.scratch.length * 1.5) + 4_096);
    out.u32(plans.length + added.length);
    const emitter = new BodyEmitter(
      shape.bytes,
      reader.lists,
      this.#additions,
      out,
      this.#offsets,
      (plan) => this.#wrapperType(plan),
      this.#stack,
      (callee) => plans[callee - shape.importedFunctions]?.needsEntryCheck ?? true,
    );
    for (const [index, plan] of plans.entries()) emitter.emit(plan, this.#stack.roles[index] as StackRole);
    for (const { place, write } of added) {
      this.#offsets.push2(out.length, place << PLACE_SHIFT);
      const trap = write(out);
      if (trap !== undefined) this.#offsets.push2(trap, PLACE.original << PLACE_SHIFT);
    }
    return out.finish();
  }

  /** The type that a function has now: its own, which got the fuel, or one with the stack as well. */
  #typeOf({ index }: BodyPlan): number {
    if (!this.#stack.takesStack(index)) return this.#shape.functions[index] as number;
    return this.#additions.stackType(typeOfFunction(this.#shape, index));
  }

  /** The type of a block around a whole function: `[] -> results`. */
  #wrapperType(plan: BodyPlan): { short: number } | { index: number } {
    const { bytes } = this.#shape;
    const type = typeOfFunction(this.#shape, plan.index);
    if (type.results === 0) return { short: 0x40 };
    if (type.results === 1 && type.resultsEnd - type.resultsStart === 1)
      return { short: bytes[type.resultsStart] as number };
    const results = new Scratch(16);
    results.u32(type.results);
    results.copy(bytes, type.resultsStart, type.resultsEnd);
    return { index: this.#additions.resultType(results.finish()) };
  }

  #assemble(contents: ReadonlyMap<number, Uint8Array | undefined>, activeSlots: number): MeteredModule {
    const shape = this.#shape;
    const writer = new Writer(Math.ceil(shape.bytes.length * 1.6) + 4_096);
    writer.raw(shape.bytes.subarray(0, 8));
    let codeStart = 0;
    const write = (id: number, content: Uint8Array): void => {
      writer.section(id, content);
      if (id === SECTION.code) codeStart = writer.length - content.length;
    };
    writeInOrder(shape, this.#additions, contents, write, writer);
    const code = shape.sections.find(({ id }) => id === SECTION.code);
    return {
      bytes: writer.finish(),
      fuelVersion: FUEL_VERSION,
      exports: { left: FUEL_EXPORTS.left, stack: FUEL_EXPORTS.stack, state: FUEL_EXPORTS.state },
      start: shape.start < 0 ? undefined : FUEL_EXPORTS.start,
      instantiationFuel: this.#instantiationFuel(activeSlots),
      stackBytes: this.#stackBytes,
      offsets: offsetMapOf(this.#offsets, codeStart),
      codeBytes: {
        original: code === undefined ? 0 : code.end - code.contentStart,
        metered: contents.get(SECTION.code)?.length ?? 0,
      },
    };
  }

  #instantiationFuel(activeSlots: number): number {
    const { memories, tables } = this.#shape;
    const pages = memories.reduce((sum, memory) => sum + (memory.imported ? 0 : memory.initial), 0);
    const slots = tables.reduce((sum, table) => sum + (table.imported ? 0 : table.initial), 0);
    const segments = countActiveData(this.#shape, this.#additions) + activeSlots;
    return pages * DYNAMIC.page + slots * DYNAMIC.tableSlot + segments * DYNAMIC.segmentUnit;
  }
}
