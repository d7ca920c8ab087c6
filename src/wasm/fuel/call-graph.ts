/**
 * Who can call whom, and so whose frames the stack limit must count.
 *
 * Only functions that can come to be called from below themselves (those in a cycle of the call graph) count their frames: they
 * take what is left from a global, and store what they leave before they call on. The others appear on the stack once at most,
 * between two entries from the host: the longest chain of them is known beforehand and reserved by every entry. Calls through
 * tables and references may go to every function that is referred to anywhere and has the type.
 *
 * A counted function that is only called directly takes what is left as a parameter instead, which costs least.
 */

import { MODULE_LIMITS } from '../../limits.js';
import type { Additions } from './additions.js';
import type { BodyLists, BodyPlan } from './body-plan.js';
import { type Shape, type TypeEntry, typeOfFunction } from './shape.js';
import { CALLEE, type StackRole } from './stack-code.js';

/** Where the uncounted chain would be longer than this, every function is counted. */
const MAX_CHAIN_BYTES = 128 * 1024;

export interface StackPlan {
  /** By defined function. */
  readonly roles: readonly StackRole[];
  /** The longest chain of frames that are not counted. */
  readonly chainBytes: number;
  /** One of CALLEE, of a callee as in BodyLists.callees. */
  readonly calleeKind: (callee: number) => number;
  /** Whether a callee takes what is left of the stack as a parameter. */
  readonly takesStack: (callee: number) => boolean;
}

interface Graph {
  readonly nodes: number;
  /** Successors of node n are targets[starts[n], starts[n + 1]). */
  readonly starts: Int32Array;
  readonly targets: Int32Array;
  /** 1 for a call that does not return. */
  readonly final: Uint8Array;
}

/** The strongly connected components of a graph. */
interface Components {
  /** All nodes: those of a component stand together, callees before callers. */
  readonly order: number[];
  /** One node of each node's component. */
  readonly of: Int32Array;
}

/**
 * Decides which functions are counted.
 * @param closed whether tables and references are the module's own: then such a call reaches only functions of the called type
 */
export function planStack(
  shape: Shape,
  plans: readonly BodyPlan[],
  lists: BodyLists,
  { referenced, tailCalled }: Additions,
  closed: boolean,
): StackPlan {
  const classes = closed ? classifyTypes(shape) : new Int32Array(shape.types.length);
  const graph = buildGraph(shape, plans, lists, referenced, classes);
  const counted = new Uint8Array(graph.nodes);
  const components: Components = { order: [], of: new Int32Array(graph.nodes) };
  const chainBytes = findCycles(
    graph,
    counted,
    components,
    (node) => plans[node - shape.importedFunctions]?.frameBytes ?? 0,
  );
  const countAll = chainBytes > MAX_CHAIN_BYTES;
  // A tail call leaves the global to its callee's ways, which callers know only of functions that are counted.
  for (const plan of plans) if (countAll || plan.hasTailCalls) counted[plan.index] = 1;
  const kinds = kindsOf(shape, graph, counted, components.order, closed);
  const nodeOf = (callee: number): number =>
    callee >= 0 ? callee : shape.functions.length + (classes[-1 - callee] as number);
  const calleeKind = (callee: number): number => kinds[nodeOf(callee)] as number;
  const mayTake = (index: number): boolean =>
    typeOfFunction(shape, index).params + 2 <= MODULE_LIMITS.maxParameters &&
    !referenced.has(index) &&
    !tailCalled.has(index);
  const takers = Uint8Array.from(shape.functions, (_, index) => (counted[index] === 1 && mayTake(index) ? 1 : 0));
  spareGlobal(graph, components, takers, kinds);
  const takesStack = (callee: number): boolean => callee >= 0 && takers[callee] === 1;
  const roles = plans.map((plan) => {
    const isCounted = counted[plan.index] === 1;
    return {
      counted: isCounted,
      bytes: plan.frameBytes,
      callsCounted: !isCounted && callsCounted(plan, lists, calleeKind),
      takesStack: takesStack(plan.index),
    };
  });
  return { roles, chainBytes: countAll ? 0 : chainBytes, calleeKind, takesStack };
}

function callsCounted(plan: BodyPlan, lists: BodyLists, calleeKind: (callee: number) => number): boolean {
  for (let at = plan.calleesStart; at < plan.calleesEnd; at += 2) {
    if (lists.callees.at(at + 1) === 0 && calleeKind(lists.callees.at(at)) === CALLEE.counted) return true;
  }
  return false;
}

/**
 * A function that takes the stack as a parameter leaves the global as it is unless it calls somebody who goes by it, and goes on
 * afterwards. (Within a cycle all reach each other, so one that does is enough.)
 */
function spareGlobal(graph: Graph, { order, of }: Components, takers: Uint8Array, kinds: Uint8Array): void {
  const { starts, targets, final } = graph;
  const alters = new Uint8Array(graph.nodes);
  for (const node of order) {
    if (takers[node] !== 1) continue;
    const own = of[node] as number;
    for (let at = starts[node] as number; at < (starts[node + 1] as number); at++) {
      if (final[at] === 1) continue;
      const target = targets[at] as number;
      if (takers[target] === 1 ? alters[of[target] as number] === 1 : kinds[target] !== CALLEE.none) alters[own] = 1;
    }
  }
  for (const node of order) {
    if (takers[node] === 1 && alters[of[node] as number] === 0) kinds[node] = CALLEE.passes;
  }
}

/** What each node does with the global, from callees to callers. The host may call back from every imported function. */
function kindsOf(
  shape: Shape,
  { nodes, starts, targets }: Graph,
  counted: Uint8Array,
  order: readonly number[],
  closed: boolean,
): Uint8Array {
  const kinds = new Uint8Array(nodes);
  for (const node of order) {
    const isSet = node >= shape.functions.length;
    let kind: number = node < shape.importedFunctions ? CALLEE.passes : CALLEE.none;
    if (counted[node] === 1 || (isSet && !closed)) kind = CALLEE.counted;
    for (let at = starts[node] as number; at < (starts[node + 1] as number); at++) {
      const target = kinds[targets[at] as number] as number;
      if (target !== CALLEE.none) kind = Math.max(kind, isSet ? target : CALLEE.passes);
    }
    kinds[node] = kind;
  }
  return kinds;
}

/** Nodes: functions, then one for each set of functions that calls through tables may reach. */
function buildGraph(
  shape: Shape,
  plans: readonly BodyPlan[],
  lists: BodyLists,
  referenced: ReadonlySet<number>,
  classes: Int32Array,
): Graph {
  const functions = shape.functions.length;
  const members = new Map<number, number[]>();
  for (const index of referenced) {
    const typeClass = classes[shape.functions[index] as number] as number;
    const list = members.get(typeClass);
    if (list === undefined) members.set(typeClass, [index]);
    else list.push(index);
  }
  const nodes = functions + shape.types.length;
  const starts = new Int32Array(nodes + 1);
  const targets: number[] = [];
  const final: number[] = [];
  let plan = 0;
  for (let node = 0; node < nodes; node++) {
    starts[node] = targets.length;
    if (node >= functions) {
      for (const index of members.get(node - functions) ?? []) {
        final.push(0);
        targets.push(index);
      }
    } else if (plans[plan]?.index === node) {
      const { calleesStart, calleesEnd } = plans[plan++] as BodyPlan;
      for (let at = calleesStart; at < calleesEnd; at += 2) {
        const callee = lists.callees.at(at);
        final.push(lists.callees.at(at + 1));
        targets.push(callee >= 0 ? callee : functions + (classes[-1 - callee] as number));
      }
    }
  }
  starts[nodes] = targets.length;
  return { nodes, starts, targets: Int32Array.from(targets), final: Uint8Array.from(final) };
}

/** Numbers types so that equal ones have one number; with subtypes or groups, all have the same. */
function classifyTypes(shape: Shape): Int32Array {
  const classes = new Int32Array(shape.types.length);
  const plain = shape.types.every((type) => type.superType < 0) && shape.groups.every((group) => !group.written);
  if (!plain) return classes;
  const known = new Map<string, number>();
  shape.types.forEach((type: TypeEntry, index) => {
    const key = shape.bytes.subarray(type.start, type.end).join();
    const first = known.get(key);
    if (first === undefined) known.set(key, index);
    classes[index] = first ?? index;
  });
  return classes;
}

/**
 * Tarjan's algorithm with a stack of its own. Marks the nodes on cycles, and answers the weight of the heaviest path over the
 * others: components come out callees first (as `order` lists their nodes), so each is weighed once.
 */
function findCycles(graph: Graph, cyclic: Uint8Array, components: Components, weigh: (node: number) => number): number {
  const { nodes, starts, targets } = graph;
  const order = new Int32Array(nodes).fill(-1);
  const low = new Int32Array(nodes);
  const onStack = new Uint8Array(nodes);
  const chains = new Float64Array(nodes);
  const next = Int32Array.from(starts.subarray(0, nodes));
  const path: number[] = [];
  const stack: number[] = [];
  let count = 0;
  let heaviest = 0;
  for (let root = 0; root < nodes; root++) {
    if (order[root] !== -1) continue;
    path.push(root);
    while (path.length > 0) {
      const node = path.at(-1) as number;
      if (order[node] === -1) {
        order[node] = count;
        low[node] = count++;
        stack.push(node);
        onStack[node] = 1;
      }
      const at = next[node] as number;
      if (at < (starts[node + 1] as number)) {
        next[node] = at + 1;
        const target = targets[at] as number;
        if (target === node) cyclic[node] = 1;
        if (order[target] === -1) path.push(target);
        else if (onStack[target] === 1) low[node] = Math.min(low[node] as number, order[target] as number);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
      if (low[node] === order[node]) heaviest = Math.max(heaviest, closeComponent(node));
    }
  }
  return heaviest;

  /** Takes a component off the stack and weighs it. */
  function closeComponent(root: number): number {
    const members = stack.at(-1) === root ? [stack.pop() as number] : stack.splice(stack.lastIndexOf(root));
    let below = 0;
    for (const member of members) {
      components.order.push(member);
      components.of[member] = root;
      onStack[member] = 0;
      if (members.length > 1) cyclic[member] = 1;
      for (let at = starts[member] as number; at < (starts[member + 1] as number); at++) {
        below = Math.max(below, chains[targets[at] as number] as number);
      }
    }
    const own = members.length === 1 && cyclic[root] === 0 ? weigh(root) : 0;
    for (const member of members) chains[member] = below + own;
    return below + own;
  }
}
