import { expect, test } from 'vitest';
import { foldFrames } from '../../../../workers/calls/fold-frames.js';

interface Letter {
  letter: string;
  again?: { frames: number; times: number };
}

/** A letter for each frame; a repetition as `(frames x times)` behind its last frame. */
function folded(frames: string, maxFrames = 32): string {
  const letters = [...frames].map((letter): Letter => ({ letter }));
  return foldFrames(letters, (one, other) => one.letter === other.letter, maxFrames)
    .map(({ letter, again }) => `${letter}${again === undefined ? '' : `(${again.frames}x${again.times})`}`)
    .join('');
}

test.each([
  ['', ''],
  ['abc', 'abc'],
  ['aab', 'aab'],
  ['aaab', 'a(1x2)b'],
  ['xaaaaay', 'xa(1x4)y'],
  ['abab', 'ab(2x1)'],
  ['xabababy', 'xab(2x2)y'],
  ['xabababay', 'xab(2x2)ay'],
  ['abcabcabcd', 'abc(3x2)d'],
  ['aaaabbbbaaaabbbb', 'a(1x3)b(1x3)a(1x3)b(1x3)'],
  ['123456789123456789', '123456789123456789'],
])('foldFrames makes %j to %j', (frames, expected) => {
  expect(folded(frames)).toBe(expected);
});

test('foldFrames shows what a deep recursion began from, and keeps as many frames as may be', () => {
  expect(folded(`x${'a'.repeat(900)}by`)).toBe('xa(1x899)by');
  expect(folded('abcdefgh', 3)).toBe('abc');
});
