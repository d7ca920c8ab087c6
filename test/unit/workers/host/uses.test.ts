import { describe, expect, test } from 'vitest';
import type { UsesMessage } from '../../../../src/protocol/bind.js';
import { StandingClock } from '../../../../workers/host/clock.js';
import { SeededRandom } from '../../../../workers/host/random.js';
import { Uses } from '../../../../workers/host/uses.js';

function counting() {
  const posted: UsesMessage[] = [];
  let nowMs = 1_000;
  const uses = new Uses(
    (message) => posted.push(message),
    () => nowMs,
  );
  return { uses, posted, pass: (ms: number) => (nowMs += ms) };
}

describe('Uses', () => {
  test('counts readings of the clock, random numbers and the environment, and passes them on', () => {
    const { uses, posted } = counting();
    const clock = uses.clock(new StandingClock());
    const random = uses.random(new SeededRandom(16, Uint32Array.of(1, 2, 3, 4)));
    clock.beginCall(5);
    expect([clock.now(), clock.monotonic()]).toEqual([5n, 1_000_000_000n]);
    clock.waited(2_000_000n);
    expect(clock.now()).toBe(7n);
    expect(random.bytes(20)).toHaveLength(16);
    random.next();
    random.fill(new Uint8Array(4));
    uses.environment();
    uses.flush();
    expect(posted).toEqual([{ type: 'uses', time: 3, random: 3, environment: 1 }]);
  });

  test('posts at most ten times a second, nothing where nothing was tried, and the rest when it is told to', () => {
    const { uses, posted, pass } = counting();
    uses.flush();
    uses.environment();
    uses.flush();
    uses.environment();
    uses.environment();
    uses.flush();
    expect(posted).toHaveLength(1);
    pass(100);
    uses.flush();
    uses.environment();
    uses.flush(true);
    uses.flush(true);
    expect(posted.map(({ environment }) => environment)).toEqual([1, 2, 1]);
  });
});
