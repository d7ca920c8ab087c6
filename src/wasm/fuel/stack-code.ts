/** The code that counts the guest's stack: what each function does at its entry and around its calls. */

import { OP } from '../instructions.js';
import type { BodyPlan } from './body-plan.js';
import type { StackPlan } from './call-graph.js';
import type { Scratch } from './scratch.js';

const I32_SUB = 0x6b;
const I32_ADD = 0x6a;
const I32_LT_S = 0x48;

/** How a function takes part in the stack limit (`call-graph.ts`). */
export interface StackRole {
  /** It is called again from below itself, so its frames are counted. */
  readonly counted: boolean;
  readonly bytes: number;
  /** Whether it calls one that is counted: then it keeps what it found in the global. */
  readonly callsCounted: boolean;
  /** It is counted and takes what is left as a parameter; else the global says it. */
  readonly takesStack: boolean;
}

/** What a callee does with the global for the stack: nothing; it may pass it on to one that is counted; it is counted. */
export const CALLEE = { none: 0, passes: 1, counted: 2 } as const;

export class StackCode {
  readonly #out: Scratch;
  readonly #global: number;
  readonly #stack: StackPlan;

  /** @param global index of the global that says how much is left */
  constructor(out: Scratch, global: number, stack: StackPlan) {
    this.#out = out;
    this.#global = global;
    this.#stack = stack;
  }

  isTakenBy(callee: number): boolean {
    return this.#stack.takesStack(callee);
  }

  /** Takes the frame of a counted function, and leaves on the operand stack whether that was too much. */
  takeFrame(plan: BodyPlan, role: StackRole): void {
    const out = this.#out;
    if (role.takesStack) out.op(OP.localGet, plan.stackSlot);
    else out.op(OP.globalGet, this.#global);
    out.u8(OP.i32Const);
    out.signed(role.bytes);
    out.u8(I32_SUB);
    out.op(OP.localTee, plan.stackSlot);
    out.u8(OP.i32Const);
    out.u8(0);
    out.u8(I32_LT_S);
  }

  /**
   * A function that is counted stores what it has left for whom it calls, unless that one takes it as a parameter, and need not
   * put anything back. One that is not counted leaves the global as it found it.
   * @param final whether the call does not return
   */
  beforeCall(plan: BodyPlan, role: StackRole, callee: number, final: boolean): void {
    const out = this.#out;
    const kind = this.#stack.calleeKind(callee);
    if (role.counted) {
      if (kind === CALLEE.none || this.#stack.takesStack(callee)) return;
      out.op(OP.localGet, plan.stackSlot);
      out.op(OP.globalSet, this.#global);
    } else if (kind === CALLEE.counted && !final) {
      out.op(OP.globalGet, this.#global);
      out.op(OP.localSet, plan.stackSlot);
    }
  }

  /** The call has returned. */
  afterCall(plan: BodyPlan, role: StackRole, callee: number): void {
    if (role.counted || this.#stack.calleeKind(callee) !== CALLEE.counted) return;
    this.#out.op(OP.localGet, plan.stackSlot);
    this.#out.op(OP.globalSet, this.#global);
  }

  /** For a callee that takes it: what is left here, or what the callers have left in the global. */
  push(plan: BodyPlan, role: StackRole): void {
    if (role.counted) this.#out.op(OP.localGet, plan.stackSlot);
    else this.#out.op(OP.globalGet, this.#global);
  }

  /** The function is left by a tail call. */
  giveBack(plan: BodyPlan, role: StackRole): void {
    const out = this.#out;
    out.op(OP.localGet, plan.stackSlot);
    out.u8(OP.i32Const);
    out.signed(role.bytes);
    out.u8(I32_ADD);
    out.op(OP.globalSet, this.#global);
  }
}
