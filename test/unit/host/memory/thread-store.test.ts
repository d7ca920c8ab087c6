import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostError } from '../../../../src/errors.js';
import { ThreadStore } from '../../../../src/host/memory/thread-store.js';
import { bytes, entry, QUOTA, text } from './stores.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hal9-memory-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const file = (): string => join(folder, 'memory.db');
const reasonOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  return error instanceof HostError ? `${error.reason}: ${error.message}` : String(error);
};

describe('ThreadStore', () => {
  it('finds what an earlier one kept', async () => {
    const first = await ThreadStore.open({ file: file(), onFault: () => {} });
    await first.set('a', entry('k', 'v'), QUOTA);
    await first.close();
    const second = await ThreadStore.open({ file: file(), onFault: () => {} });
    expect(text(await second.get('a', bytes('k')))).toBe('"v"');
    await second.set('a', entry('k2', 'v'), QUOTA);
    expect(await second.usage('a')).toEqual({ keys: 2, bytes: 9 });
    await second.close();
    await expect(second.get('a', bytes('k'))).rejects.toThrow('closed');
  });

  it('starts no thread before there is something to keep', async () => {
    // What DataDirectory makes, for the file to have its mode from the first moment on.
    writeFileSync(file(), '');
    const faults: string[] = [];
    const noThread = new URL('./no-such-thread.js', import.meta.url);
    const store = await ThreadStore.open({ file: file(), onFault: (fault) => faults.push(fault), entry: noThread });
    expect(await store.get('a', bytes('k'))).toBeUndefined();
    expect(await store.delete('a', bytes('k'))).toBe(false);
    expect(await store.usage('a')).toEqual({ keys: 0, bytes: 0 });
    expect(await store.namespaces()).toEqual([]);
    await store.drop('a');
    expect(faults).toEqual([]);
    await expect(store.set('a', entry('k', 'v'), QUOTA)).rejects.toThrow('ended');
    expect(faults.join()).toContain('no-such-thread');
    await store.close();
  });

  it('does many things at once, each as if it were alone', async () => {
    const store = await ThreadStore.open({ file: file(), onFault: () => {} });
    const numbers = Array.from({ length: 300 }, (_, i) => i);
    const results = await Promise.all(
      numbers.map((i) => store.set('a', entry(`k${i % 100}`, i), { keys: 60, bytes: 9_999 })),
    );
    expect(results.filter(({ outcome }) => outcome === 'full')).toHaveLength(120);
    expect(await store.usage('a')).toMatchObject({ keys: 60 });
    expect(text(await store.get('a', bytes('k7')))).toBe('207');
    await store.close();
  });

  it('answers what was under way with an error when its thread ends, and goes on with another', async () => {
    const faults: string[] = [];
    const entryFile = new URL('./dying-thread.js', import.meta.url);
    const store = await ThreadStore.open({ file: file(), onFault: (fault) => faults.push(fault), entry: entryFile });
    await store.set('a', entry('k', 'v'), QUOTA);
    await expect(store.namespaces()).rejects.toThrow('ended');
    await expect(store.get('a', bytes('k'))).rejects.toThrow('is being started');
    expect(faults.join()).toContain('another one is started');
    await vi.waitFor(async () => expect(text(await store.get('a', bytes('k')))).toBe('"v"'), { timeout: 10_000 });
    await store.close();
  });

  it.each([
    [
      'is no database',
      (path: string) => writeFileSync(path, 'something else, and long enough to be looked at'.repeat(100)),
    ],
    ['has another schema', (path: string) => new Database(path).exec('create table t (a); pragma user_version = 9')],
  ])('refuses a file that %s, and says what to do', async (_, make) => {
    make(file());
    const reason = await reasonOf(ThreadStore.open({ file: file(), onFault: () => {} }));
    expect(reason).toMatch(/^DATA_DIR_DAMAGED: memory\.db.*(restore|use the version)/);
    expect(reason).not.toContain(folder);
    expect(statSync(file()).size).toBeGreaterThan(0);
  });
});
