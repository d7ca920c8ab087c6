/** What the first pass over a function body (`body.ts`) leaves for the second (`emit.ts`). */
import type { IntList } from './int-list.js';
import type { Scratch } from './scratch.js';

/** What may go into a place of the scratch buffer. Each record is four integers: position, kind, and two by kind. */
export const RECORD = {
  /** Charge `a`. */
  charge: 0,
  /** The fuel is on the operand stack: charge `a`, keep it. */
  setFuel: 1,
  /** A loop header: charge `a`, stop where the fuel is below `b`. */
  loop: 2,
  /** The function's entry, likewise, if the function needs a check there. */
  entry: 3,
  /** Stop where the fuel is below `b`. */
  check: 4,
  /** Push the fuel less `a`, for a call of function `b` or (-1) not; and behind it the stack, if that function takes it. */
  push: 5,
  /** A conditional branch to label `b` which, if taken, is charged `a`. */
  branch: 6,
  /** The end of an `if` without `else`: charge `a` where the condition was false. */
  elseArm: 7,
  /** A label `b` of the `br_table` that comes next; on the way there `a` is charged. */
  tableTarget: 8,
  /** A `br_table`: its labels follow in the scratch buffer. Local `a` may keep its operand. */
  table: 9,
  /** A tail call: give the function's stack back. */
  tailCall: 10,
  /** A call of `b` begins (see BodyLists.callees): its arguments have been pushed. `a` is 1 where it does not return. */
  call: 11,
  /** It has returned. */
  returned: 12,
} as const;

/** Kinds of places in a function, which the offset map keeps: what a trap there means. */
export const PLACE = { original: 0, fuel: 1, stack: 2, exact: 3 } as const;
/** A place's kind stands above this many bits of original offset. */
export const PLACE_SHIFT = 27;

/** Between the parameters and the declared locals: the fuel, and what is left of the stack where the function needs to know. */
export const ADDED_BEFORE_LOCALS = 2;

/** What the first pass found in one function. Ranges are those of the lists that all functions share. */
export interface BodyPlan {
  readonly index: number;
  /** Index of the local that holds the fuel. */
  readonly fuelLocal: number;
  readonly scratchStart: number;
  readonly scratchEnd: number;
  readonly recordsStart: number;
  readonly recordsEnd: number;
  readonly anchorsStart: number;
  readonly anchorsEnd: number;
  readonly calleesStart: number;
  readonly calleesEnd: number;
  /** The groups of declared locals in the module's bytes. */
  readonly localGroups: number;
  readonly localsStart: number;
  readonly localsEnd: number;
  /** Types of the locals that are added. */
  readonly addedLocals: readonly Uint8Array[];
  /** Index of the parameter or local for the stack that is left. */
  readonly stackSlot: number;
  /** Local in which the stack that is left is kept for exception handlers; -1 without any. */
  readonly stackLocal: number;
  /** Whether a conditional branch leaves the function: then its code stands in a block. */
  readonly wrapped: boolean;
  readonly hasCalls: boolean;
  readonly hasTailCalls: boolean;
  readonly needsEntryCheck: boolean;
  /** Stack that an activation takes, by our counting. */
  readonly frameBytes: number;
}

/** Lists that grow from function to function. */
export interface BodyLists {
  readonly scratch: Scratch;
  readonly records: IntList;
  /** Pairs: position in the scratch buffer, original offset and kind of place: from there on they differ by a constant. */
  readonly anchors: IntList;
  /** Pairs: a function index, or -1 - type index for calls through tables and references; 1 where the call does not return. */
  readonly callees: IntList;
  /** By the record of a loop: the function that each of its rounds calls, or (-1) it has a loop within that each round comes to. */
  readonly loopCovers: Map<number, number>;
}
