import { describe, expect, it } from 'vitest';
import { HandleNumbers, OpenHandles } from '../../../../src/host/files/open-handles.js';
import { FILE_LIMITS } from '../../../../src/limits/files.js';
import { QUOTAS } from '../../../../src/limits/quotas.js';

const ROOT = { key: 'r', directory: '/r', scratch: false };
const HANDLE = { root: ROOT, at: '/data', path: [], isWritable: false };

/** Opens as many as there may be, over so many lives; answers how many, and why no more. */
function fill(handles: OpenHandles, lives: number): [number, unknown] {
  let opened = 0;
  for (let life = 0; life < lives; life++) {
    const { signal } = new AbortController();
    for (let index = 0; index < FILE_LIMITS.maxInstanceHandles; index++) {
      const added = handles.add(signal, HANDLE);
      if ('limit' in added) return [opened, added.limit];
      opened++;
    }
    expect(handles.add(signal, HANDLE)).toMatchObject({ limit: expect.stringMatching(/file-handles$/) });
  }
  return [opened, undefined];
}

describe('OpenHandles', () => {
  it('are bounded for an instance, a plugin, and all plugins', () => {
    const numbers = new HandleNumbers();
    const plugin = (): OpenHandles => new OpenHandles(numbers, () => {});
    expect(fill(plugin(), 4)).toEqual([QUOTAS['plugin file handles'], 'plugin-file-handles']);
    for (let more = 0; more < 3; more++) fill(plugin(), 2);
    expect(fill(plugin(), 2)).toEqual([0, 'all-file-handles']);
  });

  it('go with the life that opened them, and no other one has them', () => {
    const gone: number[][] = [];
    const numbers = new HandleNumbers();
    const handles = new OpenHandles(numbers, (closed) => gone.push(closed));
    const [one, other] = [new AbortController(), new AbortController()];
    const added = handles.add(one.signal, HANDLE);
    if ('limit' in added) throw new Error(added.limit);
    expect(handles.get(one.signal, added.number)).toEqual(added);
    expect(handles.get(other.signal, added.number)).toBeUndefined();
    expect(handles.remove(other.signal, added.number)).toBe(false);
    one.abort();
    expect([gone, numbers.open]).toEqual([[[added.number]], 0]);
    expect(handles.remove(one.signal, added.number)).toBe(false);
    expect(numbers.open).toBe(0);
  });
});
