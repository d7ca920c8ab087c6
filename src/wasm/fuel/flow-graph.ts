/**
 * Where the charges of one function go.
 *
 * Nodes are points of the control flow: joins, splits, loop headers, and node 0, which stands for every point where the counter
 * must be exact (entry, exit, calls). An edge is a stretch of code between two of them with the weight of its instructions.
 * Each node gets a potential: what has been executed on the way there and not been charged yet, the same on every way. With
 * potentials p, an edge from u to v of weight w must charge w + p(u) - p(v). Along the edges of a spanning tree the potentials
 * are chosen so that nothing is left to charge; only the other edges (the chords) pay. Taking the edges that probably run most
 * often into the tree makes that cheapest (Knuth 1973; Ball and Larus 1994).
 *
 * Potentials live in a union-find forest whose links carry differences: joining two trees by an edge fixes them, and an edge
 * within one tree reads its charge off. Linear but for the inverse Ackermann factor and the counting sort.
 */
import { FATE, FREQUENCY_CLASSES, Frequencies } from './frequencies.js';
import { IntList } from './int-list.js';

export { FATE } from './frequencies.js';

export const EXACT_NODE = 0;

/**
 * Among edges that are equally frequent, which are rather in the tree: a charge on a branch needs code of its own, one beside a
 * check does not. An edge on which nothing can be charged is in it before all others.
 */
export const RANK = { charge: 0, none: 1, table: 2, branch: 3, always: 4 } as const;

const CLASSES = FREQUENCY_CLASSES * 4 + 1;
/** A charge on a branch costs as much as one that runs this many classes more often. */
const BRANCH_COST = 8;
/** Of one on a way of a `br_table`. */
const TABLE_COST = 4;
const FEW_EDGES = 24;

export class FlowGraph {
  readonly #parents = new IntList();
  /** Potential of a node less that of its parent. */
  readonly #differences = new IntList();
  /** The most that may have run since a check, at the node. */
  readonly #unchecked = new IntList();
  readonly #from = new IntList();
  readonly #to = new IntList();
  /** The weight of an edge; once solved, its charge. */
  readonly #weights = new IntList();
  readonly #ranks = new IntList();
  readonly #odds = new IntList();
  readonly #fates = new IntList();
  /** 1 for an edge whose charge is made at its end, where the fuel is pushed. */
  readonly #pushed = new IntList();
  /** 1 for a node that is a loop's header. */
  readonly #loops = new IntList();
  readonly #estimator = new Frequencies();
  #frequencies = new Int32Array(256);
  #order = new Int32Array(256);
  readonly #starts = new Int32Array(CLASSES + 1);

  /** Empties the graph, but for node 0. */
  reset(): void {
    for (const list of [this.#parents, this.#differences, this.#unchecked, this.#loops]) list.length = 0;
    for (const list of [this.#from, this.#to, this.#weights, this.#pushed]) list.length = 0;
    for (const list of [this.#ranks, this.#odds, this.#fates]) list.length = 0;
    this.addNode();
  }

  addNode(isLoop = false): number {
    const node = this.#parents.length;
    this.#parents.push(node);
    this.#differences.push(0);
    this.#unchecked.push(0);
    this.#loops.push(isLoop ? 1 : 0);
    return node;
  }

  /** An edge whose end is not known yet, with its odds against others from there, and one of RANK. */
  addEdge(from: number, odds: number, rank: number): number {
    this.#from.push(from);
    this.#to.push(EXACT_NODE);
    this.#weights.push(0);
    this.#odds.push(odds);
    this.#ranks.push(rank);
    this.#fates.push(FATE.goes);
    this.#pushed.push(0);
    return this.#from.length - 1;
  }

  /** The edge ends at a node, with one of FATE. */
  endEdge(edge: number, to: number, weight: number, fate: number): void {
    this.#to.data[edge] = to;
    this.#weights.data[edge] = weight;
    this.#fates.data[edge] = fate;
  }

  /** An edge on which nothing can be charged: its ends come to share a potential. */
  link(from: number, to: number, odds: number): void {
    this.endEdge(this.addEdge(from, odds, RANK.always), to, 0, FATE.goes);
  }

  markPushed(edge: number): void {
    this.#pushed.data[edge] = 1;
  }

  isPushed(edge: number): boolean {
    return this.#pushed.at(edge) === 1;
  }

  reach(node: number, unchecked: number): void {
    if (unchecked > this.#unchecked.at(node)) this.#unchecked.data[node] = unchecked;
  }

  uncheckedAt(node: number): number {
    return this.#unchecked.at(node);
  }

  /** Makes two nodes share a potential: for a branch on which nothing can be charged. Only before `solve`. */
  unify(first: number, second: number): void {
    this.#join(first, second, 0);
  }

  /** Chooses the potentials; `chargeOf` and `potentialOf` answer afterwards. */
  solve(): void {
    const edges = this.#from.length;
    this.#estimate(edges);
    this.#sort(edges);
    for (let at = 0; at < edges; at++) {
      const edge = this.#order[at] as number;
      const from = this.#from.at(edge);
      const to = this.#to.at(edge);
      const weight = this.#weights.at(edge);
      if (this.#join(from, to, weight)) this.#weights.data[edge] = 0;
      else this.#weights.data[edge] = weight + this.#offset(from) - this.#offset(to);
    }
  }

  /** An edge's frequency and rank, as one number. */
  #estimate(edges: number): void {
    if (this.#frequencies.length < edges) this.#frequencies = new Int32Array(edges * 2);
    const columns = {
      nodes: this.#parents.length,
      edges,
      from: this.#from.data,
      to: this.#to.data,
      fates: this.#fates.data,
      odds: this.#odds.data,
      loops: this.#loops.data,
    };
    const frequencies = this.#frequencies;
    this.#estimator.estimate(columns, frequencies);
    for (let edge = 0; edge < edges; edge++) {
      const rank = this.#ranks.at(edge);
      const cost = rank === RANK.branch ? BRANCH_COST : rank === RANK.table ? TABLE_COST : 0;
      frequencies[edge] =
        rank === RANK.always
          ? CLASSES - 1
          : Math.min(FREQUENCY_CLASSES - 1, (frequencies[edge] as number) + cost) * 4 + rank;
    }
  }

  chargeOf(edge: number): number {
    return this.#weights.at(edge);
  }

  potentialOf(node: number): number {
    this.#find(node);
    const offset = this.#offset(node);
    this.#find(EXACT_NODE);
    return offset - this.#offset(EXACT_NODE);
  }

  /** Counting sort of the edges, the most frequent first. */
  #sort(edges: number): void {
    const frequencies = this.#frequencies;
    if (this.#order.length < edges) this.#order = new Int32Array(edges * 2);
    if (edges <= FEW_EDGES) return this.#sortFew(edges);
    const starts = this.#starts.fill(0);
    for (let edge = 0; edge < edges; edge++) {
      const slot = CLASSES - (frequencies[edge] as number);
      starts[slot] = (starts[slot] as number) + 1;
    }
    for (let slot = 1; slot <= CLASSES; slot++) {
      starts[slot] = (starts[slot] as number) + (starts[slot - 1] as number);
    }
    for (let edge = 0; edge < edges; edge++) {
      const slot = CLASSES - (frequencies[edge] as number) - 1;
      this.#order[starts[slot] as number] = edge;
      starts[slot] = (starts[slot] as number) + 1;
    }
  }

  /** Most functions are small: for them, clearing the counters would take longer than inserting. */
  #sortFew(edges: number): void {
    const order = this.#order;
    const frequencies = this.#frequencies;
    for (let edge = 0; edge < edges; edge++) {
      const frequency = frequencies[edge] as number;
      let at = edge;
      for (; at > 0 && (frequencies[order[at - 1] as number] as number) < frequency; at--)
        order[at] = order[at - 1] as number;
      order[at] = edge;
    }
  }

  /** Joins the trees of two nodes so that p(to) = p(from) + difference; false where they are in one tree already. */
  #join(from: number, to: number, difference: number): boolean {
    const fromRoot = this.#find(from);
    const toRoot = this.#find(to);
    if (fromRoot === toRoot) return false;
    this.#parents.data[toRoot] = fromRoot;
    this.#differences.data[toRoot] = this.#offset(from) + difference - this.#offset(to);
    return true;
  }

  /** The potential of a node less that of its root; the node must just have been found. */
  #offset(node: number): number {
    return this.#parents.at(node) === node ? 0 : this.#differences.at(node);
  }

  /** The root of a node's tree; afterwards every node on the way hangs on the root directly. */
  #find(node: number): number {
    const parents = this.#parents.data;
    const differences = this.#differences.data;
    let root = node;
    let total = 0;
    while (parents[root] !== root) {
      total += differences[root] as number;
      root = parents[root] as number;
    }
    let at = node;
    while (at !== root) {
      const parent = parents[at] as number;
      const own = differences[at] as number;
      parents[at] = root;
      differences[at] = total;
      total -= own;
      at = parent;
    }
    return root;
  }
}
