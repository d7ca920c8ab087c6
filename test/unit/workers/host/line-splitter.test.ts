import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../../workers/host/line-splitter.js';
import { utf8 } from '../abi/wat-guest.js';

describe('LineSplitter', () => {
  function splitter(max = 8) {
    const seen: [string, number][] = [];
    return { seen, stream: new LineSplitter(max, (line, cut) => seen.push([Buffer.from(line).toString(), cut])) };
  }

  it('cuts at newlines, wherever the pieces end', () => {
    const { seen, stream } = splitter();
    for (const piece of ['a', 'b\nc', '\n\nd\r', '\ne']) stream.write(utf8(piece));
    expect(seen).toEqual([
      ['ab', 0],
      ['c', 0],
      ['', 0],
      ['d', 0],
    ]);
    stream.end();
    expect(seen.at(-1)).toEqual(['e', 0]);
    stream.end();
    expect(seen).toHaveLength(5);
  });

  it('keeps the beginning of a line that never ends, and counts the rest', () => {
    const { seen, stream } = splitter();
    for (let i = 0; i < 100; i++) stream.write(utf8('xyz'));
    stream.write(utf8('\nnext\n'));
    expect(seen).toEqual([
      ['xyzxyzxy', 292],
      ['next', 0],
    ]);
  });
});
