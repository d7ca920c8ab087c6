import { describe, expect, it } from 'vitest';
import { below, guestPath } from '../../../../src/host/files/guest-path.js';
import { ERRNO } from '../../../../src/protocol/preview1-errno.js';

const of = (base: string, relative: string | Uint8Array) => guestPath(base, Buffer.from(relative as string));

describe('guestPath', () => {
  it.each([
    ['/data', 'a', '/data/a', false],
    ['/data', '', '/data', false],
    ['/data', '.', '/data', true],
    ['/data', './/a/./b', '/data/a/b', false],
    ['/data', 'a/', '/data/a', true],
    ['/data', 'a/..', '/data', true],
    ['/data', 'missing/../a', '/data/a', false],
    ['/', 'a', '/a', false],
    ['/data', '...', '/data/...', false],
    ['/data', 'a..', '/data/a..', false],
  ])('leads from %s by %j to %s', (base, relative, path, isDirectory) => {
    expect(of(base, relative)).toEqual({ path, isDirectory });
  });

  it.each([
    ['..', ERRNO.perm],
    ['a/../..', ERRNO.perm],
    ['../data/a', ERRNO.perm],
    ['/data/a', ERRNO.perm],
    ['a\0b', ERRNO.inval],
    ['x'.repeat(256), ERRNO.nametoolong],
    ['x/'.repeat(2_100), ERRNO.nametoolong],
    [Uint8Array.of(0x61, 0xff), ERRNO.ilseq],
    [Uint8Array.of(0xed, 0xa0, 0x80), ERRNO.ilseq],
  ])('refuses %j with %i', (relative, errno) => {
    expect(of('/data', relative)).toBe(errno);
  });
});

describe('below', () => {
  it('tells components, and nothing of another directory', () => {
    expect(below('/data', '/data/a/b')).toEqual(['a', 'b']);
    expect(below('/', '/data')).toEqual(['data']);
    expect(below('/data', '/data')).toEqual([]);
    expect(below('/data', '/database')).toBeUndefined();
  });
});
