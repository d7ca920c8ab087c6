/**
 * Which loops need no check of their own: those where each round passes a call of a function that looks at the fuel, or the header of
 * a loop within.
 */

import { LABEL } from './labels.js';
import type { OpenBody } from './open-body.js';

/** What looks at the fuel in a loop's place: a function by its index, or a loop within. */
export const LOOP_WITHIN = -1;

/** A function is called here. */
export function passCall(body: OpenBody, callee: number): void {
  const { labels, lists } = body;
  const loop = alwaysPassed(body);
  if (loop < 0) return;
  const record = labels.records[loop] as number;
  if (lists.loopCovers.has(record)) return;
  lists.loopCovers.set(record, callee);
  // This loop may have no check itself now, so that it cannot do for the one around it.
  lists.loopCovers.delete(labels.covered[loop] as number);
}

/** A loop begins here; answers the record of the loop around it that can do without a check for that, or -1. */
export function passLoop(body: OpenBody): number {
  const loop = alwaysPassed(body);
  if (loop < 0) return -1;
  const record = body.labels.records[loop] as number;
  if (body.lists.loopCovers.has(record)) return -1;
  body.lists.loopCovers.set(record, LOOP_WITHIN);
  return record;
}

/** The label of the loop of which each round comes by here, if it does not leave the loop; else -1. */
function alwaysPassed({ labels }: OpenBody): number {
  let top = labels.top;
  while (labels.kinds[top] === LABEL.block && labels.nodes[top] === -1) top--;
  return labels.kinds[top] === LABEL.loop && (labels.records[top] as number) >= 0 && !labels.repeats[top] ? top : -1;
}
