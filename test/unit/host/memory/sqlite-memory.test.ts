import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteMemory } from '../../../../src/host/memory/sqlite-memory.js';
import { carryOut } from '../../../../src/host/memory/storage-desk.js';
import { bytes, entry, QUOTA } from './stores.js';

describe('SqliteMemory', () => {
  let store: SqliteMemory;
  beforeEach(() => (store = new SqliteMemory(':memory:')));
  afterEach(() => store.close());

  it('comes with full-text search', () => {
    const database = new Database(':memory:');
    expect(database.prepare("select sqlite_compileoption_used('ENABLE_FTS5') as fts5").all([])).toEqual([{ fts5: 1 }]);
    database.close();
  });

  it('leaves nothing of a request that failed, and all of the others that came with it', () => {
    const answers = carryOut(store, [
      { id: 1, method: 'set', given: ['a', entry('k1', 1), QUOTA] },
      { id: 2, method: 'set', given: ['a', { key: bytes('k2'), value: bytes('2') }, undefined] },
      { id: 3, method: 'set', given: ['a', entry('k3', 3), QUOTA] },
      { id: 4, method: 'usage', given: ['a'] },
    ]);
    expect(answers).toMatchObject([
      { id: 1, ok: true },
      { id: 2, ok: false },
      { id: 3, ok: true },
      { id: 4, ok: true, value: { keys: 2, bytes: 6 } },
    ]);
  });

  it('undoes the whole of a transaction that cannot go on', () => {
    store.set('a', entry('before', 1), QUOTA);
    expect(() =>
      store.transaction(() => {
        store.set('a', entry('k', 1), QUOTA);
        throw new Error('as a full disk would');
      }),
    ).toThrow('as a full disk would');
    expect(store.usage('a')).toEqual({ keys: 1, bytes: 7 });
    expect(store.transaction(() => store.set('a', entry('k', 1), QUOTA))).toEqual({ outcome: 'stored' });
  });

  it('takes half a surrogate pair, which JSON can have and UTF-8 cannot', () => {
    expect(store.set('a', { key: bytes('k'), value: bytes('"\\ud800 pond"') }, QUOTA)).toEqual({ outcome: 'stored' });
    expect(store.search('a', { words: ['pond'], limit: 1 }, 1_000).entries).toHaveLength(1);
  });
});
