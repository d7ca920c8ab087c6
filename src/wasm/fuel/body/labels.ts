/** The labels in scope while a function's body is read, the function's own first. */

export const LABEL = { function: 0, block: 1, loop: 2, if: 3, else: 4, try: 5, copy: 6 } as const;

/** How likely a branch is taken: back to a loop's begin, out of a loop, or forward. Compilers let the likely way go straight on. */
const ODDS = { back: 56, exit: 1, forward: 5 } as const;
export const ODDS_NOT_TAKEN = 8;

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
  /** Of a loop: its record, or -1; whether something has branched back to it; the record of the loop that it does the check for. */
  readonly records: number[] = [];
  readonly repeats: boolean[] = [];
  readonly covered: number[] = [];
  /** The innermost loop's label, or 0. */
  readonly loops: number[] = [];

  /** How likely a conditional branch to the label is taken, against 8 that it is not. */
  oddsOf(target: number): number {
    if (this.kinds[target] === LABEL.loop) return ODDS.back;
    return target < (this.loops[this.top] as number) ? ODDS.exit : ODDS.forward;
  }
}
