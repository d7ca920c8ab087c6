import { describe, expect, test } from 'vitest';
import { Unsent } from '../../../src/rpc/unsent.js';

const from = (peer: string) => ({ getPeer: () => peer });

describe('Unsent', () => {
  test('closes the connection that has the most, not the one that came last, and counts its bytes no more', () => {
    const closed: string[] = [];
    const unsent = new Unsent(100, (peer) => closed.push(peer));
    const hoarder = [unsent.hold(from('a')), unsent.hold(from('a'))];
    const other = unsent.hold(from('b'));
    for (const held of hoarder) held.add(40);
    other.add(20);
    expect(closed).toEqual([]);
    other.add(10);
    expect(closed).toEqual(['a']);
    expect(unsent.bytes).toBe(30);
    for (const held of hoarder) {
      held.add(1_000);
      held.release();
    }
    other.add(-10);
    expect(unsent.bytes).toBe(20);
    other.release();
    expect(unsent.bytes).toBe(0);
    expect(closed).toEqual(['a']);
  });
});
