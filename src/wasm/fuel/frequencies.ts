/**
 * How often the edges of a control-flow graph probably run. Only speed depends on it: charges go where it is seldom.
 *
 * Two passes over the edges in the order in which they were made, which is that of the code. Backwards: which edges only lead to
 * where the function dies (panics, mostly); hardly anybody goes there. Forwards: what flows into a node is divided among its edges
 * by their odds, and loops multiply it.
 */

/** What becomes of an edge at its end: it goes to a node, on with the next edge, out of the function, or nowhere. */
export const FATE = { goes: 0, continues: 1, leaves: 2, dies: 3 } as const;

/** Frequency classes: two to a power of two. */
export const FREQUENCY_CLASSES = 128;

const LOOP_FACTOR = 8;
/** What remains of the odds of an edge that leads to where the function dies. */
const DYING = 2 ** -10;
/** The flow at the handler of an exception. */
const HANDLER = 2 ** -6;

/** A graph's edges and nodes, by column. Where an edge leads from or to node 0, its neighbours in the order are what counts. */
export interface FlowColumns {
  readonly nodes: number;
  readonly edges: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly fates: Int32Array;
  /** How likely an edge is among those that leave a node. */
  readonly odds: Int32Array;
  /** 1 for a loop's header. */
  readonly loops: Int32Array;
}

/** Reused from function to function. */
export class Frequencies {
  /** By node: the sum of the odds of its edges; what flows into it. */
  #sums = new Float64Array(256);
  #flows = new Float64Array(256);
  /** By edge: its odds, less where it dies; then its flow. */
  #edges = new Float64Array(256);

  /** Writes the frequency class of every edge to `classes`, the most frequent the highest. */
  estimate(graph: FlowColumns, classes: Int32Array): void {
    const { nodes, edges } = graph;
    if (this.#sums.length < nodes) {
      this.#sums = new Float64Array(nodes * 2);
      this.#flows = new Float64Array(nodes * 2);
    }
    if (this.#edges.length < edges) this.#edges = new Float64Array(edges * 2);
    this.#sums.fill(0, 0, nodes);
    this.#flows.fill(0, 0, nodes);
    this.#weigh(graph);
    this.#flow(graph, classes);
  }

  #weigh({ edges, from, to, fates, odds }: FlowColumns): void {
    const sums = this.#sums;
    const own = this.#edges;
    for (let edge = edges - 1; edge >= 0; edge--) {
      const fate = fates[edge] as number;
      const source = from[edge] as number;
      const target = to[edge] as number;
      let alive = fate !== FATE.dies;
      // The edges that leave a node come behind those that enter it, but for those back to a loop's header: no sum is there yet.
      if (fate === FATE.goes) alive = (sums[target] as number) === 0 || (sums[target] as number) >= 1;
      else if (fate === FATE.continues) alive = (own[edge + 1] as number) >= 1;
      const weight = (odds[edge] as number) * (alive ? 1 : DYING);
      own[edge] = weight;
      if (source !== 0) sums[source] = (sums[source] as number) + weight;
    }
  }

  #flow({ edges, from, to, fates, loops }: FlowColumns, classes: Int32Array): void {
    const sums = this.#sums;
    const flows = this.#flows;
    const own = this.#edges;
    for (let edge = 0; edge < edges; edge++) {
      const source = from[edge] as number;
      let flow = 1;
      if (source !== 0) {
        flow = ((flows[source] as number) * (own[edge] as number)) / (sums[source] as number);
        if (loops[source] === 1) flow *= LOOP_FACTOR;
      } else if (edge > 0) flow = fates[edge - 1] === FATE.continues ? (own[edge - 1] as number) : HANDLER;
      own[edge] = flow;
      const target = to[edge] as number;
      if (fates[edge] === FATE.goes) flows[target] = (flows[target] as number) + flow;
      classes[edge] = Math.max(
        0,
        Math.min(FREQUENCY_CLASSES - 1, Math.round(2 * Math.log2(flow)) + FREQUENCY_CLASSES / 2),
      );
    }
  }
}
