import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wordsOf } from '../../../../src/host/memory/searchable.js';
import type { MemoryStore } from '../../../../src/host/memory/store.js';
import { bytes, entry, keysOf, PLENTY, QUOTA, STORES, text } from './stores.js';

describe.each(STORES)('$name', ({ open }) => {
  let store: MemoryStore;
  let end: () => Promise<void>;
  beforeEach(async () => ({ store, end } = await open()));
  afterEach(() => end());

  const set = (key: string, value: unknown, namespace = 'a') => store.set(namespace, entry(key, value), QUOTA);
  const get = async (key: string, namespace = 'a') => text(await store.get(namespace, bytes(key)));
  const list = async (prefix: string, limit = 100, maxBytes = PLENTY) =>
    store.list('a', { prefix: bytes(prefix), limit }, maxBytes);
  const search = async (query: string, limit = 100, maxBytes = PLENTY) =>
    store.search('a', { words: wordsOf(query), limit }, maxBytes);

  it('gives back what was set, until it is set again or deleted', async () => {
    expect(await get('k')).toBeUndefined();
    expect(await set('k', { n: 1 })).toEqual({ outcome: 'stored' });
    expect(await get('k')).toBe('{"n":1}');
    await set('k', [2]);
    expect(await get('k')).toBe('[2]');
    expect(await store.delete('a', bytes('k'))).toBe(true);
    expect(await store.delete('a', bytes('k'))).toBe(false);
    expect(await get('k')).toBeUndefined();
  });

  it('keeps namespaces apart, whatever their names', async () => {
    await set('k', 'of a');
    await set('k', 'of b', 'b');
    await set('k', 'of x', `x'; drop table entries; --`);
    expect([await get('k'), await get('k', 'b'), await get('k', `x'; drop table entries; --`)]).toEqual([
      '"of a"',
      '"of b"',
      '"of x"',
    ]);
    expect(keysOf(await store.search('b', { words: ['of'], limit: 9 }, PLENTY))).toEqual(['k']);
    await store.drop('a');
    expect([await get('k'), await get('k', 'b')]).toEqual([undefined, '"of b"']);
    expect((await store.namespaces()).map(({ name }) => name)).toEqual(['b', `x'; drop table entries; --`]);
  });

  it('takes every byte of a key and a value as it is', async () => {
    const keys = ['a\0b', 'a', "'; DROP TABLE entries; --", '%', '*', '"', 'é', '😀', '\u{10ffff}'];
    for (const key of keys) await set(key, `${key} and \0 more`);
    for (const key of keys) expect(await get(key)).toBe(JSON.stringify(`${key} and \0 more`));
    expect(keysOf(await list(''))).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect(keysOf(await list('a'))).toEqual(['a', 'a\0b']);
  });

  it('takes JSON texts alone, however deep', async () => {
    const deep = { key: bytes('deep'), value: bytes(`${'['.repeat(50_000)}"bottom"${']'.repeat(50_000)}`) };
    expect(await store.set('a', deep, QUOTA)).toEqual({ outcome: 'stored' });
    expect(keysOf(await search('bottom'))).toEqual(['deep']);
    for (const value of ['', '{', 'undefined', '{"a":1}x', "'a'"]) {
      expect(await store.set('a', { key: bytes('k'), value: bytes(value) }, QUOTA)).toEqual({ outcome: 'not-json' });
    }
    expect(await get('k')).toBeUndefined();
  });

  it('lists the keys behind a prefix in the order of their bytes, as many as were asked for', async () => {
    for (const key of ['b/2', 'b/10', 'b/1', 'b', 'c', 'b/\u{ffff}']) await set(key, key);
    expect(keysOf(await list('b/'))).toEqual(['b/1', 'b/10', 'b/2', 'b/\u{ffff}']);
    expect(await list('b/', 2)).toMatchObject({ entries: [{ key: bytes('b/1') }, { key: bytes('b/10') }], cut: false });
    expect(keysOf(await list('b/', 0))).toEqual([]);
    expect(keysOf(await list('nothing'))).toEqual([]);
    const after = { prefix: bytes('b'), after: bytes('b/10'), limit: 2 };
    expect((await store.keys('a', after)).map(({ key }) => text(key))).toEqual(['b/2', 'b/\u{ffff}']);
  });

  it('says where it cuts off what has more bytes than were asked for', async () => {
    for (const key of ['k1', 'k2', 'k3']) await set(key, 'x'.repeat(98));
    expect(await list('', 100, 306)).toMatchObject({ cut: false });
    const cut = await list('', 100, 305);
    expect([keysOf(cut), cut.cut]).toEqual([['k1', 'k2'], true]);
    const found = await search('x'.repeat(98), 100, 101);
    expect([found.entries, found.cut]).toEqual([[], true]);
  });

  it('finds values by their words, the best first, and never by the names of their members', async () => {
    await set('long', { text: `a pond ${'with many other words '.repeat(20)}` });
    await set('short', { text: 'The Pond' });
    await set('other', { pond: 'no', text: 'line one\nriver Wörter 42' });
    expect(keysOf(await search('pond'))).toEqual(['short', 'long']);
    expect(keysOf(await search('pond', 1))).toEqual(['short']);
    expect(keysOf(await search('POND the'))).toEqual(['short']);
    expect(keysOf(await search('river'))).toEqual(['other']);
    expect(keysOf(await search('worter 42'))).toEqual(['other']);
    await set('other', { text: 'now about a pond, a pond' });
    expect(keysOf(await search('river'))).toEqual([]);
    expect((await search('pond')).entries).toHaveLength(3);
    await store.delete('a', bytes('other'));
    expect(keysOf(await search('pond'))).toEqual(['short', 'long']);
  });

  it.each([
    '"',
    '""',
    'a"b',
    'NOT',
    'pond OR river',
    'text:pond',
    '{text}: pond',
    'pond*',
    '^pond',
    'NEAR(a b)',
    '(',
    ')',
    '-',
    '+',
    "'",
    '\0',
    'pond\0"',
    '*',
    '!!!',
    ';--',
    'a AND (',
  ])('takes the query %j as words', async (query) => {
    await set('k', 'pond and river');
    const found = await search(query);
    expect(found.cut).toBe(false);
    expect(keysOf(found)).toEqual(['pond*', '^pond', 'pond\0"'].includes(query) ? ['k'] : []);
  });

  it('holds what a quota allows, and counts what was replaced and deleted', async () => {
    const quota = { keys: 2, bytes: 20 };
    const put = (key: string, value: string) => store.set('a', entry(key, value), quota);
    expect(await put('a', '12345')).toEqual({ outcome: 'stored' });
    expect(await put('b', '12345')).toEqual({ outcome: 'stored' });
    expect(await put('c', '')).toEqual({ outcome: 'full', of: 'keys', used: { keys: 2, bytes: 16 } });
    expect(await put('b', '1234567890')).toEqual({ outcome: 'full', of: 'bytes', used: { keys: 2, bytes: 16 } });
    expect(await get('b')).toBe('"12345"');
    expect(await put('b', '123456789')).toEqual({ outcome: 'stored' });
    expect(await store.usage('a')).toEqual({ keys: 2, bytes: 20 });
    await store.delete('a', bytes('a'));
    expect(await store.usage('a')).toEqual({ keys: 1, bytes: 12 });
    expect(await put('c', '123')).toEqual({ outcome: 'stored' });
    expect(await store.usage('nobody')).toEqual({ keys: 0, bytes: 0 });
  });

  it('answers in a namespace that nothing was ever set in', async () => {
    expect(keysOf(await store.list('none', { prefix: bytes(''), limit: 5 }, PLENTY))).toEqual([]);
    expect(keysOf(await store.search('none', { words: ['x'], limit: 5 }, PLENTY))).toEqual([]);
    expect(await store.delete('none', bytes('x'))).toBe(false);
    await store.drop('none');
    expect(await store.namespaces()).toEqual([]);
  });
});
