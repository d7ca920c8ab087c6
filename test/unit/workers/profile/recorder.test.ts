import { describe, expect, test } from 'vitest';
import { TREE } from '../../../../src/protocol/local.js';
import { Recorder } from '../../../../workers/profile/recorder.js';

const never = (): never => {
  throw new Error('not deep enough');
};

describe('Recorder', () => {
  test('gives the host what is used outside of functions, and each function what it has copied', () => {
    const recorder = new Recorder(never);
    recorder.begin(1_000);
    recorder.copied(5);
    const token = recorder.enter(7, 1_000);
    recorder.copied(20);
    // What was copied is taken from the counter later, at the next look at it.
    recorder.settled(25);
    recorder.leave(token, 1_000 - 25 - 10);
    recorder.copied(3);
    recorder.settled(3);
    recorder.end(1_000 - 25 - 10 - 3);
    const { functions, parents, self, calls } = recorder.tree();
    expect([...functions]).toEqual([TREE.host, TREE.copied, 7, TREE.copied]);
    expect([...parents]).toEqual([-1, 0, 0, 2]);
    expect([...self]).toEqual([0, 8, 10, 20]);
    expect([...calls]).toEqual([0, 2, 1, 1]);
  });

  test('adds up calls, and begins each of them at the bottom, wherever the one before ended', () => {
    const recorder = new Recorder(never);
    for (const budget of [100, 50]) {
      recorder.begin(budget);
      recorder.enter(1, budget);
      recorder.enter(2, budget - 3);
      recorder.end(budget - 10);
    }
    const { functions, self, calls } = recorder.tree();
    expect([[...functions], [...self], [...calls]]).toEqual([
      [TREE.host, 1, 2],
      [0, 6, 14],
      [0, 2, 2],
    ]);
  });

  test('takes activations off that an exception ended', () => {
    const recorder = new Recorder(never);
    recorder.begin(100);
    const catcher = recorder.enter(1, 100);
    recorder.enter(2, 100);
    recorder.enter(3, 99);
    recorder.resume(catcher, 90);
    recorder.leave(catcher, 85);
    recorder.end(85);
    expect([...recorder.tree().self]).toEqual([0, 5, 1, 9]);
  });

  test('stops a guest whose stack is deeper than it can be, and counts no further', () => {
    let stopped = 0;
    const recorder = new Recorder(() => stopped++);
    recorder.begin(100_000);
    for (let depth = 0; depth < 5_000; depth++) recorder.enter(1, 100_000 - depth);
    recorder.end(-(2 ** 62));
    expect(stopped).toBe(1);
    const { self } = recorder.tree();
    expect(self.reduce((sum, each) => sum + each, 0)).toBe(4_096);
  });

  test('tells stacks apart up to a number, and functions beyond it', () => {
    const recorder = new Recorder(never);
    recorder.begin(2 ** 40);
    let left = 2 ** 40;
    // Each function is called by the host, and calls each other one.
    for (let outer = 0; outer < 1_200; outer++) {
      const token = recorder.enter(outer, left);
      for (let inner = 0; inner < 1_200; inner++) recorder.leave(recorder.enter(inner, left), --left);
      recorder.leave(token, left);
    }
    recorder.end(left);
    const { functions, parents, self } = recorder.tree();
    expect(functions.length).toBeLessThan(1_010_000);
    expect(self.reduce((sum, each) => sum + each, 0)).toBe(1_440_000);
    const more = functions.indexOf(TREE.more);
    expect([...parents].filter((parent) => parent === more)).toHaveLength(1_200);
  });
});
