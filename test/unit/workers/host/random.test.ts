import { describe, expect, it } from 'vitest';
import { SeededRandom, SystemRandom } from '../../../../workers/host/random.js';

describe('SeededRandom', () => {
  const words = (random: SeededRandom, count: number) =>
    Array.from(new Uint32Array(random.bytes(4 * count).buffer), (word) => word);

  it('is xoshiro128**', () => {
    // The first numbers of the authors' xoshiro128starstar.c from the state 1, 2, 3, 4.
    expect(words(new SeededRandom(1_024, Uint32Array.of(1, 2, 3, 4)), 5)).toEqual([
      11_520, 0, 5_927_040, 70_819_200, 2_031_721_883,
    ]);
  });

  it('repeats itself from the same seed, and differs without one', () => {
    const seed = Uint32Array.of(5, 6, 7, 8);
    expect(new SeededRandom(64, seed).next()).toBe(new SeededRandom(64, seed).next());
    expect(new SeededRandom(64).next()).not.toBe(new SeededRandom(64).next());
  });

  it.each([new SeededRandom(100), new SystemRandom(100)])(
    'answers a longer request with as much as is allowed',
    (random) => {
      expect([random.bytes(10).length, random.bytes(4_294_967_295).length]).toEqual([10, 100]);
    },
  );

  it('of the system gives other numbers each time', () => {
    const random = new SystemRandom(100);
    expect(new Set(Array.from({ length: 300 }, () => random.next())).size).toBe(300);
  });
});
