/** Code that cannot be reached. It is left out: no fuel would be right there, and its operands may be anything. */

import { OP, readCode, skipOperands } from '../../instructions.js';
import type { OpenBody } from './open-body.js';

/** Passes over code that cannot be reached, up to what ends it: `end`, `else`, `catch`, `catch_all` or `delegate`. */
export function skipUnreachable(body: OpenBody): void {
  const reader = body.reader;
  for (let depth = 0; ; ) {
    const start = reader.position;
    const code = readCode(reader);
    const ends = code === OP.end || code === OP.delegate;
    if (depth === 0 && (ends || code === OP.else || code === OP.catch || code === OP.catchAll)) {
      reader.position = start;
      return;
    }
    if (ends) depth--;
    if (code <= OP.try && code >= OP.block && code !== OP.else) {
      depth++;
      body.ordinal++;
    }
    if (code === OP.tryTable) {
      depth++;
      body.ordinal++;
    }
    skipOperands(reader, code);
  }
}

/** The block's end has been written; it is a join, or nobody comes here. */
export function closeLabel(body: OpenBody): void {
  const top = body.labels.top;
  if (body.labels.nodes[top] === -1 && body.edge < 0) return closeUnreachable(body);
  body.popLabel();
  if (body.edge < 0) body.beginAtLabel(top);
}

/** Nobody comes behind the end of this block: the code there is left out too, so its operands must be anything. */
export function closeUnreachable(body: OpenBody): void {
  body.popLabel();
  body.lists.scratch.u8(OP.unreachable);
  skipUnreachable(body);
}
