import { describe, expect, test } from 'vitest';
import { foldedStacks } from '../../../src/local/folded.js';
import { Profile } from '../../../src/local/profile.js';
import { speedscopeFile } from '../../../src/local/speedscope.js';
import { type CallTree, TREE } from '../../../src/protocol/local.js';

/** [function, parent, self, calls] of each node. */
function treeOf(...nodes: readonly (readonly [number, number, number, number])[]): CallTree {
  return {
    functions: Int32Array.from(nodes, ([index]) => index),
    parents: Int32Array.from(nodes, ([, parent]) => parent),
    self: Float64Array.from(nodes, ([, , self]) => self),
    calls: Float64Array.from(nodes, ([, , , calls]) => calls),
  };
}

/** main calls work, which calls itself; the host copies for both sides. */
const TREE_OF_CALLS = treeOf(
  [TREE.host, -1, 0, 0],
  [TREE.copied, 0, 5, 1],
  [1, 0, 10, 1],
  [2, 2, 20, 1],
  [2, 3, 30, 2],
  [TREE.copied, 4, 4, 1],
);
const NAMES = new Map([
  [1, 'main;loop\n'],
  [2, 'work'],
]);

describe('Profile', () => {
  const profile = new Profile(TREE_OF_CALLS, NAMES);

  test('adds up by function, and counts recursion once', () => {
    expect(profile.fuel).toBe(69);
    expect(profile.functions()).toEqual([
      { index: 2, name: 'work', self: 50, total: 54, calls: 3 },
      { index: 1, name: 'main;loop\n', self: 10, total: 64, calls: 1 },
      { index: undefined, name: '[copied to and from the host]', self: 9, total: 9, calls: 2 },
      { index: undefined, name: '[host]', self: 0, total: 69, calls: 0 },
    ]);
  });

  test('numbers functions without a name', () => {
    expect(new Profile(TREE_OF_CALLS, new Map()).nameOf(2)).toBe('[function 2]');
  });
});

describe('foldedStacks', () => {
  test('writes a line for each stack, whose names hold no separator', () => {
    expect(foldedStacks(new Profile(TREE_OF_CALLS, NAMES))).toBe(
      [
        '[copied to and from the host] 5',
        'main,loop, 10',
        'main,loop,;work 20',
        'main,loop,;work;work 30',
        'main,loop,;work;work;[copied to and from the host] 4',
        '',
      ].join('\n'),
    );
  });
});

describe('speedscopeFile', () => {
  test('follows the file format: samples by frame index, with as many weights, which add up to the end', () => {
    const file = speedscopeFile(new Profile(TREE_OF_CALLS, NAMES), 'echo 0.1.0', 'hal9 0.1.0');
    expect(file).toEqual({
      $schema: 'https://www.speedscope.app/file-format-schema.json',
      shared: { frames: [{ name: '[copied to and from the host]' }, { name: 'main;loop\n' }, { name: 'work' }] },
      profiles: [
        {
          type: 'sampled',
          name: 'fuel',
          unit: 'none',
          startValue: 0,
          endValue: 69,
          samples: [[0], [1], [1, 2], [1, 2, 2], [1, 2, 2, 0]],
          weights: [5, 10, 20, 30, 4],
        },
      ],
      name: 'echo 0.1.0',
      activeProfileIndex: 0,
      exporter: 'hal9 0.1.0',
    });
  });
});
