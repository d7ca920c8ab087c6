import { describe, expect, test } from 'vitest';
import { Call } from '../../../src/pool/call.js';
import { CallQueue } from '../../../src/pool/call-queue.js';
import { cancelled } from '../../../src/pool/verdicts.js';

function call(label: number, bytes = 1): Call {
  const origin = () => ({ requestId: String(label), traceId: '' });
  return new Call(
    {
      kind: 'signal',
      layer: 1,
      bytes: new Uint8Array(bytes),
      deadlineMs: Infinity,
      fuel: undefined,
      origin,
      settle: () => {},
    },
    1,
    { called: () => {} },
  );
}

const labelOf = (found: Call | undefined): string | undefined => found?.origin().requestId;

describe('CallQueue', () => {
  test('gives calls first in, first out, over many more than it holds at once', () => {
    const queue = new CallQueue({ maxCalls: 10, maxBytes: 1_000 });
    const taken: (string | undefined)[] = [];
    for (let i = 0; i < 500; i++) {
      expect(queue.push(call(i))).toBe(true);
      if (i % 5 === 4) for (let k = 0; k < 5; k++) taken.push(labelOf(queue.take()));
    }
    expect(taken).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
    expect(queue.take()).toBeUndefined();
  });

  test('refuses a call beyond its number or its bytes', () => {
    const byNumber = new CallQueue({ maxCalls: 2, maxBytes: 1_000 });
    expect([byNumber.push(call(1)), byNumber.push(call(2)), byNumber.push(call(3))]).toEqual([true, true, false]);
    const byBytes = new CallQueue({ maxCalls: 10, maxBytes: 100 });
    expect([byBytes.push(call(1, 60)), byBytes.push(call(2, 60)), byBytes.push(call(3, 40))]).toEqual([
      true,
      false,
      true,
    ]);
    byBytes.take();
    expect(byBytes.push(call(4, 60))).toBe(true);
  });

  test('does not count or give calls that were settled while they waited', () => {
    const queue = new CallQueue({ maxCalls: 2, maxBytes: 1_000 });
    const [gone, stays] = [call(1), call(2)];
    queue.push(gone);
    queue.push(stays);
    gone.settle(cancelled('test'));
    expect(queue.push(call(3))).toBe(true);
    expect([labelOf(queue.take()), labelOf(queue.take()), queue.take()]).toEqual(['2', '3', undefined]);
  });

  test('puts calls back in front, in their order', () => {
    const queue = new CallQueue({ maxCalls: 3, maxBytes: 1_000 });
    for (const label of [1, 2, 3]) queue.push(call(label));
    const [first, second] = [queue.take(), queue.take()];
    queue.putBack([first, second].filter((found) => found !== undefined));
    expect([1, 2, 3].map(() => labelOf(queue.take()))).toEqual(['1', '2', '3']);
  });
});
