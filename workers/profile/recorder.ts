import { type CallTree, TREE } from '../../src/protocol/local.js';
import type { ProfileHooks } from '../../src/wasm/profile/hooks.js';

/** Stacks that are told apart; a program with more of them is told by function from there on. */
const MAX_NODES = 1_000_000;
/** Deeper than the limit on the guest's stack lets a metered guest come: 512 KiB, in frames of 128 bytes and more. */
const MAX_DEPTH = 4_096;

interface Node {
  readonly id: number;
  readonly parent: Node | undefined;
  readonly functionIndex: number;
  self: number;
  calls: number;
  children: Map<number, Node> | undefined;
}

/**
 * Adds up which stack of functions used how much fuel. It is told what the counter stands at whenever the stack changes; what
 * has gone since the last time was used by the function on top.
 */
export class Recorder implements ProfileHooks {
  #nodes: Node[] = [];
  /** The activations under way, the host's first. */
  #stack: Node[] = [];
  #depth = 0;
  #left = 0;
  #stopped = false;
  readonly #stop: () => void;

  /** @param stop called when the guest's stack is deeper than it can be: must make the counter negative */
  constructor(stop: () => void) {
    this.#stop = stop;
    this.reset();
  }

  /** Forgets what it was told. */
  reset(): void {
    this.#nodes = [];
    this.#stack = [this.#make(TREE.host, undefined)];
    this.#depth = 0;
  }

  /** The counter was set to a call's budget. */
  begin(left: number): void {
    this.#depth = 0;
    this.#left = left;
    this.#stopped = false;
  }

  /** A call has ended, one way or the other: what is left to tell was used where it ended. */
  end(left: number): void {
    this.#account(left);
    this.#depth = 0;
  }

  /** So much was, or will be, taken from the counter for bytes that the host copied. */
  copied(amount: number): void {
    if (this.#stopped) return;
    const node = this.#child(this.#top(), TREE.copied);
    node.self += amount;
    node.calls++;
  }

  /** So much of what `copied` told has been taken from the counter. */
  settled(amount: number): void {
    this.#left -= amount;
  }

  enter(functionIndex: number, left: number): number {
    this.#account(left);
    const node = this.#child(this.#top(), functionIndex);
    node.calls++;
    this.#stack[++this.#depth] = node;
    if (this.#depth > MAX_DEPTH && !this.#stopped) {
      this.#stopped = true;
      this.#stop();
    }
    return this.#depth;
  }

  leave(token: number, left: number): void {
    this.#account(left);
    this.#depth = token - 1;
  }

  resume(token: number, left: number): void {
    this.#account(left);
    this.#depth = token;
  }

  tree(): CallTree {
    const nodes = this.#nodes;
    return {
      functions: Int32Array.from(nodes, ({ functionIndex }) => functionIndex),
      parents: Int32Array.from(nodes, ({ parent }) => parent?.id ?? -1),
      self: Float64Array.from(nodes, ({ self }) => self),
      calls: Float64Array.from(nodes, ({ calls }) => calls),
    };
  }

  #top(): Node {
    return this.#stack[this.#depth] as Node;
  }

  #account(left: number): void {
    if (this.#stopped) return;
    this.#top().self += this.#left - left;
    this.#left = left;
  }

  #child(parent: Node, functionIndex: number): Node {
    const known = parent.children?.get(functionIndex);
    if (known !== undefined) return known;
    // One node for each function is all that may come beyond the bound.
    if (this.#nodes.length >= MAX_NODES && parent.functionIndex !== TREE.more && parent.id !== 0) {
      return this.#child(this.#more(), functionIndex);
    }
    const node = this.#make(functionIndex, parent);
    parent.children ??= new Map();
    parent.children.set(functionIndex, node);
    return node;
  }

  #more(): Node {
    const [host] = this.#nodes;
    return this.#child(host as Node, TREE.more);
  }

  #make(functionIndex: number, parent: Node | undefined): Node {
    const node: Node = { id: this.#nodes.length, parent, functionIndex, self: 0, calls: 0, children: undefined };
    this.#nodes.push(node);
    return node;
  }
}
