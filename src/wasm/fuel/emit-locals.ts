import { Reader } from '../reader.js';
import type { BodyPlan } from './body-plan.js';
import type { Scratch } from './scratch.js';
import type { StackRole } from './stack-code.js';

const I32 = 0x7f;

/** The locals of a rewritten function: what is left of the stack, those that were declared, those that are added. */
export function writeLocals(out: Scratch, input: Uint8Array, plan: BodyPlan, role: StackRole): void {
  const { localGroups, localsStart, localsEnd, addedLocals } = plan;
  const groups = localGroups + addedLocals.length;
  // The locals that are declared stand behind the slot, whether it is used or not.
  const hasSlot = !role.takesStack && (groups > 0 || role.counted || role.callsCounted);
  const first = new Reader(input, localsStart, input.length);
  const count = localGroups > 0 ? first.u32('locals') : 0;
  if (hasSlot && localGroups > 0 && input[first.position] === I32) {
    // The slot joins the group that comes first, which saves two bytes in most functions.
    out.u32(groups);
    out.u32(count + 1);
    out.copy(input, first.position, localsEnd);
  } else {
    out.u32(groups + (hasSlot ? 1 : 0));
    if (hasSlot) out.op(1, I32);
    out.copy(input, localsStart, localsEnd);
  }
  for (const type of addedLocals) {
    out.u8(1);
    out.copy(type, 0, type.length);
  }
}
