import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Serial } from '../../../src/plugin/serial.js';
import { Random } from '../../fuzz/random.js';

describe('Serial', () => {
  test('runs actions on one key in order, and those on others meanwhile', async () => {
    const serial = new Serial();
    const done: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = serial.run('a', async () => {
      await held;
      done.push('a1');
    });
    const second = serial.run('a', async () => void done.push('a2'));
    await serial.run('b', async () => void done.push('b'));
    release();
    await Promise.all([first, second]);
    expect(done).toEqual(['b', 'a1', 'a2']);
  });

  test('goes on after an action that failed', async () => {
    const serial = new Serial();
    const failed = serial.run(new Set(['a', 'b']), () => Promise.reject(new Error('as told')));
    const after = serial.run('b', async () => 'after');
    await expect(failed).rejects.toThrow('as told');
    expect(await after).toBe('after');
  });

  test('takes the place behind all keys at once, in whatever order they are named', async () => {
    const serial = new Serial();
    const busy = new Set<string>();
    const random = new Random(7);
    const keys = ['top', 'left', 'right', 'bottom'];
    const actions = Array.from({ length: 400 }, () => {
      const mine = new Set([...keys, ...keys].slice(random.below(4)).slice(0, 1 + random.below(4)));
      return serial.run(mine, async () => {
        for (const key of mine) {
          expect(busy.has(key)).toBe(false);
          busy.add(key);
        }
        await turn();
        for (const key of mine) busy.delete(key);
      });
    });
    await Promise.all(actions);
    expect(busy.size).toBe(0);
  });

  test('takes what an action has come to need before it runs', async () => {
    const serial = new Serial();
    const seen: string[] = [];
    const graph = new Map([['a', ['b']]]);
    const keysOf = (): Set<string> => new Set(['a', ...(graph.get('a') ?? [])]);
    const change = serial.run('b', async () => {
      await turn();
      graph.set('a', ['b', 'c']);
    });
    const onC = serial.run('c', async () => {
      await change;
      await turn();
      seen.push('c');
    });
    await serial.runAll(keysOf, async () => void seen.push('a'));
    await onC;
    expect(seen).toEqual(['c', 'a']);
  });

  test('gives up on an action whose needs change with every turn', async () => {
    const serial = new Serial();
    let next = 0;
    await expect(
      serial.runAll(
        () => new Set([String(next++)]),
        async () => 'never',
      ),
    ).rejects.toMatchObject({
      reason: 'TOO_MANY_IN_FLIGHT',
      retryAfterMs: 1_000,
    });
  });

  test('refuses what waits once it is closed, and what nobody waits for any more', async () => {
    const serial = new Serial();
    const gone = AbortSignal.abort();
    await expect(
      serial.runAll(
        () => new Set(['a']),
        async () => 'never',
        gone,
      ),
    ).rejects.toMatchObject({
      reason: 'CALL_CANCELLED',
    });
    const begun = serial.run('a', () => turn());
    await turn();
    const waiting = serial.run(new Set(['a', 'b']), async () => 'never');
    const refused = expect(waiting).rejects.toMatchObject({ reason: 'STOPPING' });
    await serial.close();
    await Promise.all([begun, refused]);
  });
});
