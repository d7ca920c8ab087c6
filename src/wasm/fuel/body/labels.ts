/** The labels in scope while a function's body is read, the function's own first. */

export const LABEL = { function: 0, block: 1, loop: 2, if: 3, else: 4, try: 5 } as const;

/** How many operands a block takes and leaves. */
export interface BlockType {
  readonly params: number;
  readonly results: number;
}

/** A stack of labels, by column: what is at `top` is the innermost. */
export class Labels {
  top = -1;
  /** One of LABEL. */
  readonly kinds: number[] = [];
  /** The node that a branch to the label goes to, -1 while there is none. */
  readonly nodes: number[] = [];
  /** The node where an `if` divides the ways. */
  readonly splits: number[] = [];
  /** Operands below those that the block takes. */
  readonly heights: number[] = [];
  readonly params: number[] = [];
  readonly results: number[] = [];
  /** How many structured instructions came before. */
  readonly ordinals: number[] = [];
  readonly loopDepths: number[] = [];
  readonly ifDepths: number[] = [];
}
