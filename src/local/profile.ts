import { type CallTree, TREE } from '../protocol/local.js';

/** What one function used, over all stacks that it was on. */
export interface FunctionCost {
  /** As in the module that was brought; undefined for what is no function. */
  index: number | undefined;
  name: string;
  /** Used by itself. */
  self: number;
  /** With everything that it called; recursion counts once. */
  total: number;
  calls: number;
}

/** One stack, outermost function first, and what the innermost used there by itself. */
export interface StackCost {
  frames: readonly number[];
  fuel: number;
}

/** Fuel by function and by stack. */
export class Profile {
  /** What all calls used together, the host's copying included. */
  readonly fuel: number;
  readonly #tree: CallTree;
  readonly #names: ReadonlyMap<number, string>;

  constructor(tree: CallTree, names: ReadonlyMap<number, string>) {
    this.#tree = tree;
    this.#names = names;
    this.fuel = tree.self.reduce((sum, self) => sum + self, 0);
  }

  nameOf(functionIndex: number): string {
    switch (functionIndex) {
      case TREE.host:
        return '[host]';
      case TREE.copied:
        return '[copied to and from the host]';
      case TREE.more:
        return '[more stacks]';
      default:
        return this.#names.get(functionIndex) ?? `[function ${functionIndex}]`;
    }
  }

  /** Functions, dearest by themselves first. */
  functions(): FunctionCost[] {
    const { functions, parents, self, calls } = this.#tree;
    const costs = new Map<number, FunctionCost>();
    const totals = this.#totals();
    functions.forEach((index, node) => {
      let cost = costs.get(index);
      if (cost === undefined) {
        const name = this.nameOf(index);
        cost = { index: index < 0 ? undefined : index, name, self: 0, total: 0, calls: 0 };
        costs.set(index, cost);
      }
      cost.self += self[node] as number;
      cost.calls += calls[node] as number;
      if (!isBelowItself(functions, parents, node)) cost.total += totals[node] as number;
    });
    return [...costs.values()]
      .filter(({ self, total, calls: count }) => self + total + count > 0)
      .sort((a, b) => b.self - a.self || b.total - a.total || (a.index ?? -1) - (b.index ?? -1));
  }

  /** Every stack on which something was used, in the order in which they were first seen. */
  *stacks(): Generator<StackCost> {
    const { functions, parents, self } = this.#tree;
    for (const [node, fuel] of self.entries()) {
      if (fuel === 0) continue;
      const frames: number[] = [];
      // The host itself is no frame, but where nothing else is.
      for (let at = node; at > 0; at = parents[at] as number) frames.push(functions[at] as number);
      yield { frames: frames.length === 0 ? [TREE.host] : frames.reverse(), fuel };
    }
  }

  /** Of each node, with all below it. Children come behind their parents. */
  #totals(): Float64Array {
    const { parents, self } = this.#tree;
    const totals = self.slice();
    for (let node = totals.length - 1; node > 0; node--) {
      const parent = parents[node] as number;
      totals[parent] = (totals[parent] as number) + (totals[node] as number);
    }
    return totals;
  }
}

function isBelowItself(functions: Int32Array, parents: Int32Array, node: number): boolean {
  for (let at = parents[node] as number; at >= 0; at = parents[at] as number) {
    if (functions[at] === functions[node]) return true;
  }
  return false;
}
