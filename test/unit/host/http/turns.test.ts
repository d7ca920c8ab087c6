import { describe, expect, test } from 'vitest';
import { Turns } from '../../../../src/host/http/turns.js';

describe('Turns', () => {
  test('lets so many work at once, in the order in which they came', async () => {
    const turns = new Turns(2);
    const { signal } = new AbortController();
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const work = (name: string): Promise<void> =>
      turns.take(signal, () => {
        begun.push(name);
        return new Promise((resolve) => ends.set(name, resolve));
      });
    const all = ['a', 'b', 'c', 'd'].map(work);
    await Promise.resolve();
    expect(begun).toEqual(['a', 'b']);
    ends.get('b')?.();
    await all[1];
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const name of ['a', 'c']) ends.get(name)?.();
    await Promise.all([all[0], all[2]]);
    ends.get('d')?.();
    await Promise.all(all);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  test('does not begin what was given up, and gives its place to the next, as after an error', async () => {
    const turns = new Turns(1);
    const going = new AbortController();
    const given = new AbortController();
    let end = (): void => {};
    const first = turns.take(
      going.signal,
      () => new Promise<void>((_, reject) => (end = () => reject(new Error('no')))),
    );
    let begun = 0;
    const second = turns.take(given.signal, async () => ++begun);
    const third = turns.take(going.signal, async () => 'third');
    given.abort();
    end();
    await expect(first).rejects.toThrow('no');
    await expect(second).rejects.toThrow(/abort/);
    expect([await third, begun]).toEqual(['third', 0]);
  });
});
