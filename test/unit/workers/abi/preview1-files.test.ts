import { describe, expect, it } from 'vitest';
import { PREVIEW1 } from '../../../../src/protocol/preview1.js';
import { ERRNO } from '../../../../src/protocol/preview1-errno.js';
import { GuestViolation } from '../../../../workers/abi/guest.js';
import { imageOf } from '../../../harness/asset-image.js';
import { wasiOver } from '../../../harness/wasi-functions.js';

const OUT = 1_024;
const PATH = 2_048;
const BUFFER = 8_192;
const ROOT = 3;
const READ = 2n;
const WRITE = 64n;
const CREATE = 1;
const DIRECTORY = 2;
const EXCLUSIVE = 4;
const TRUNCATE = 8;

/** One instance with a few assets, and what a guest does with it. */
function start(assets: Record<string, string> = { 'a.txt': 'hello assets', 'dir/b.txt': 'b', 'dir/sub/c': '' }) {
  const memory = new WebAssembly.Memory({ initial: 40 });
  const { wasi: functions } = wasiOver(memory, imageOf(assets));
  const bytes = Buffer.from(memory.buffer);
  const wasi = (name: string, ...core: (number | bigint)[]): number => {
    const params = PREVIEW1.get(name)?.params ?? [];
    expect(core.map((value) => (typeof value === 'bigint' ? 'i64' : 'i32'))).toEqual(params);
    return (functions[name] as (...core: (number | bigint)[]) => number)(...core);
  };
  const put = (text: string | Uint8Array, at = PATH): [number, number] => [
    at,
    bytes.set(Buffer.from(text), at) ?? Buffer.from(text).length,
  ];
  const open = (path: string | Uint8Array, flags = 0, rights = READ, from = ROOT): number =>
    wasi('path_open', from, 1, ...put(path), flags, rights, 0n, 0, OUT);
  const opened = (path: string): number => {
    expect(open(path)).toBe(ERRNO.success);
    return bytes.readUInt32LE(OUT);
  };
  const vectors = (...list: [number, number][]): [number, number] => {
    put(Buffer.from(Uint32Array.from(list.flat()).buffer), 4_096);
    return [4_096, list.length];
  };
  return { wasi, bytes, put, open, opened, vectors };
}

describe('fd_prestat_get', () => {
  it('tells of /assets, and of nothing else', () => {
    const { wasi, bytes, opened } = start();
    expect(wasi('fd_prestat_get', ROOT, OUT)).toBe(0);
    expect([bytes.readUInt32LE(OUT), bytes.readUInt32LE(OUT + 4)]).toEqual([0, 7]);
    expect(wasi('fd_prestat_dir_name', ROOT, BUFFER, 7)).toBe(0);
    expect(bytes.toString('utf8', BUFFER, BUFFER + 8)).toBe('/assets\0');
    expect(wasi('fd_prestat_dir_name', ROOT, BUFFER, 6)).toBe(ERRNO.nametoolong);
    const fd = opened('dir');
    for (const other of [0, 2, 4, fd, -1, 2 ** 31 - 1]) {
      expect(wasi('fd_prestat_get', other, OUT)).toBe(ERRNO.badf);
      expect(wasi('fd_prestat_dir_name', other, BUFFER, 7)).toBe(ERRNO.badf);
    }
  });
});

describe('path_open', () => {
  it.each([
    ['a.txt', ERRNO.success],
    ['./dir//./b.txt', ERRNO.success],
    ['dir/sub/../b.txt', ERRNO.success],
    ['dir/', ERRNO.success],
    ['dir/..', ERRNO.success],
    ['.', ERRNO.success],
    ['', ERRNO.noent],
    ['none', ERRNO.noent],
    ['none/../a.txt', ERRNO.noent],
    ['A.TXT', ERRNO.noent],
    ['a.txt\0', ERRNO.noent],
    ['__proto__', ERRNO.noent],
    ['constructor', ERRNO.noent],
    ['dir\\b.txt', ERRNO.noent],
    ['a.txt/', ERRNO.notdir],
    ['a.txt/.', ERRNO.notdir],
    ['a.txt/..', ERRNO.notdir],
    ['a.txt/x', ERRNO.notdir],
    ['..', ERRNO.perm],
    ['../assets/a.txt', ERRNO.perm],
    ['dir/../../a.txt', ERRNO.perm],
    ['/', ERRNO.perm],
    ['/assets/a.txt', ERRNO.perm],
    ['/etc/passwd', ERRNO.perm],
    ['x'.repeat(4_097), ERRNO.nametoolong],
    ['a/'.repeat(2_048), ERRNO.noent],
  ])('of %j answers %i', (path, errno) => {
    expect(start().open(path)).toBe(errno);
  });

  it('refuses names that are not UTF-8', () => {
    expect(start().open(Uint8Array.of(0x61, 0xff))).toBe(ERRNO.ilseq);
    expect(start().open(Uint8Array.of(0xed, 0xa0, 0x80))).toBe(ERRNO.ilseq);
  });

  it('of a directory leads no further than that directory', () => {
    const { open, opened } = start();
    const dir = opened('dir');
    expect(open('b.txt', 0, READ, dir)).toBe(ERRNO.success);
    expect(open('..', 0, READ, dir)).toBe(ERRNO.perm);
    expect(open('../a.txt', 0, READ, dir)).toBe(ERRNO.perm);
    expect(open('a.txt', 0, READ, opened('a.txt'))).toBe(ERRNO.notdir);
    expect(open('a.txt', 0, READ, 0)).toBe(ERRNO.notcapable);
    expect(open('a.txt', 0, READ, 77)).toBe(ERRNO.badf);
  });

  it.each([
    ['a.txt', 0, true, ERRNO.rofs],
    ['a.txt', TRUNCATE, false, ERRNO.rofs],
    ['a.txt', CREATE, false, ERRNO.success],
    ['a.txt', CREATE | EXCLUSIVE, false, ERRNO.exist],
    ['new', CREATE, false, ERRNO.rofs],
    ['none/new', CREATE, false, ERRNO.rofs],
    ['../new', CREATE, false, ERRNO.perm],
    ['dir', 0, true, ERRNO.isdir],
    ['dir', CREATE, false, ERRNO.isdir],
    ['dir', DIRECTORY, false, ERRNO.success],
    ['a.txt', DIRECTORY, false, ERRNO.notdir],
  ])('of %s with flags %i, to write: %s, answers %i', (path, flags, toWrite, errno) => {
    expect(start().open(path, flags, toWrite ? READ | WRITE : READ)).toBe(errno);
  });

  it('gives the lowest free number, and at most 64 of them', () => {
    const { wasi, open, opened, bytes } = start();
    const fds = Array.from({ length: 63 }, () => opened('a.txt'));
    expect(fds).toEqual(Array.from({ length: 63 }, (_, index) => index + 4));
    expect(open('a.txt')).toBe(ERRNO.mfile);
    expect(wasi('fd_close', 7)).toBe(0);
    expect(wasi('fd_close', 7)).toBe(ERRNO.badf);
    expect(wasi('fd_tell', 7, OUT)).toBe(ERRNO.badf);
    expect(opened('dir')).toBe(7);
    expect(bytes.readUInt32LE(OUT)).toBe(7);
  });
});

describe('fd_read and fd_pread', () => {
  it('fill the vectors one after the other, and end with the file', () => {
    const { wasi, bytes, opened, vectors } = start();
    const fd = opened('a.txt');
    expect(wasi('fd_read', fd, ...vectors([BUFFER, 3], [BUFFER + 100, 0], [BUFFER + 200, 4]), OUT)).toBe(0);
    expect(bytes.readUInt32LE(OUT)).toBe(7);
    expect(bytes.toString('utf8', BUFFER, BUFFER + 4)).toBe('hel\0');
    expect(bytes.toString('utf8', BUFFER + 200, BUFFER + 205)).toBe('lo a\0');
    expect(wasi('fd_pread', fd, ...vectors([BUFFER, 100]), 10n, OUT)).toBe(0);
    expect(bytes.toString('utf8', BUFFER, BUFFER + 3)).toBe('tsl');
    expect(wasi('fd_read', fd, ...vectors([BUFFER, 100]), OUT)).toBe(0);
    expect([bytes.readUInt32LE(OUT), bytes.toString('utf8', BUFFER, BUFFER + 5)]).toEqual([5, 'ssets']);
    expect(wasi('fd_read', fd, ...vectors([BUFFER, 100]), OUT)).toBe(0);
    expect(bytes.readUInt32LE(OUT)).toBe(0);
  });

  it('answer at most a megabyte', () => {
    const { wasi, bytes, opened, vectors } = start({ big: 'x'.repeat(1_500_000) });
    const fd = opened('big');
    expect(wasi('fd_read', fd, ...vectors([BUFFER, 700_000], [BUFFER, 700_000]), OUT)).toBe(0);
    expect(bytes.readUInt32LE(OUT)).toBe(1 << 20);
    expect(wasi('fd_read', fd, ...vectors([BUFFER, 700_000]), OUT)).toBe(0);
    expect(bytes.readUInt32LE(OUT)).toBe(1_500_000 - (1 << 20));
  });

  it('refuse what is no file, no place and no memory', () => {
    const { wasi, opened, vectors } = start();
    const fd = opened('a.txt');
    expect(wasi('fd_read', ROOT, ...vectors([BUFFER, 1]), OUT)).toBe(ERRNO.isdir);
    expect(wasi('fd_read', fd, 0, 1_025, OUT)).toBe(ERRNO.inval);
    expect(wasi('fd_read', fd, 0, -1, OUT)).toBe(ERRNO.inval);
    expect(wasi('fd_pread', fd, ...vectors([BUFFER, 1]), -1n, OUT)).toBe(ERRNO.inval);
    expect(wasi('fd_pread', 1, ...vectors([BUFFER, 1]), 0n, OUT)).toBe(ERRNO.notcapable);
    expect(() => wasi('fd_read', fd, ...vectors([-8, 100]), OUT)).toThrow(GuestViolation);
  });

  it('charge fuel for each byte, before it is copied', () => {
    const memory = new WebAssembly.Memory({ initial: 20 });
    const { wasi, core } = wasiOver(memory, imageOf({ file: 'x'.repeat(1_000) }));
    let crossed = 0;
    const meter = { left: 1_500, isOut: false, crossed: (bytes: number) => (crossed += bytes) };
    core.attach({ memory }, meter as never);
    const bytes = Buffer.from(memory.buffer);
    bytes.write('file', PATH);
    const run = (name: string, ...core: (number | bigint)[]) => wasi[name]?.(...core);
    expect(run('path_open', ROOT, 1, PATH, 4, 0, READ, 0n, 0, OUT)).toBe(0);
    bytes.writeUInt32LE(BUFFER, 4_096);
    bytes.writeUInt32LE(2_000, 4_100);
    expect(run('fd_pread', 4, 4_096, 1, 0n, OUT)).toBe(0);
    expect(crossed).toBe(4 + 8 + 1_000);
    bytes[BUFFER] = 0;
    meter.left = 1_000;
    expect(() => run('fd_pread', 4, 4_096, 1, 0n, OUT)).toThrow('used up its fuel');
    expect(bytes[BUFFER]).toBe(0);
  });

  it('charge what is written to the log, and random bytes, as well', () => {
    const memory = new WebAssembly.Memory({ initial: 20 });
    const { wasi, core } = wasiOver(memory, imageOf({}));
    let crossed = 0;
    core.attach({ memory }, { left: 1_500, isOut: false, crossed: (bytes: number) => (crossed += bytes) } as never);
    const bytes = Buffer.from(memory.buffer);
    bytes.writeUInt32LE(BUFFER, 4_096);
    bytes.writeUInt32LE(700, 4_100);
    expect(wasi['fd_write']?.(1, 4_096, 1, OUT)).toBe(0);
    expect(wasi['random_get']?.(BUFFER, 300)).toBe(0);
    expect(crossed).toBe(1_000);
  });
});

describe('fd_seek and fd_tell', () => {
  it('move anywhere but before the beginning', () => {
    const { wasi, bytes, opened } = start();
    const fd = opened('a.txt');
    const seek = (delta: bigint, whence: number) =>
      wasi('fd_seek', fd, delta, whence, OUT) || bytes.readBigUInt64LE(OUT);
    expect([seek(5n, 0), seek(-2n, 1), seek(-1n, 2), seek(100n, 2)]).toEqual([5n, 3n, 11n, 112n]);
    expect([seek(-1n, 0), seek(-113n, 1), seek(2n ** 63n - 1n, 0), seek(0n, 3), seek(0n, -1)]).toEqual(
      Array.from({ length: 5 }, () => ERRNO.inval),
    );
    expect(wasi('fd_tell', fd, OUT)).toBe(0);
    expect(bytes.readBigUInt64LE(OUT)).toBe(112n);
    expect(wasi('fd_seek', ROOT, 0n, 0, OUT)).toBe(ERRNO.isdir);
    expect(wasi('fd_tell', 1, OUT)).toBe(ERRNO.spipe);
  });
});

describe('fd_readdir', () => {
  const entries = (bytes: Buffer, used: number): [string, number, bigint][] => {
    const found: [string, number, bigint][] = [];
    for (let at = BUFFER; at + 24 <= BUFFER + used; ) {
      const length = bytes.readUInt32LE(at + 16);
      found.push([
        bytes.toString('utf8', at + 24, at + 24 + length),
        bytes.readUInt8(at + 20),
        bytes.readBigUInt64LE(at),
      ]);
      at += 24 + length;
    }
    return found;
  };

  it('lists from the cookie on', () => {
    const { wasi, bytes } = start();
    expect(wasi('fd_readdir', ROOT, BUFFER, 1_000, 0n, OUT)).toBe(0);
    const all = entries(bytes, bytes.readUInt32LE(OUT));
    expect(all).toEqual([
      ['a.txt', 4, 29n],
      ['dir', 3, 56n],
    ]);
    expect(wasi('fd_readdir', ROOT, BUFFER, 1_000, 29n, OUT)).toBe(0);
    expect(entries(bytes, bytes.readUInt32LE(OUT))).toEqual(all.slice(1));
    for (const beyond of [56n, 57n, 2n ** 40n, -1n]) {
      expect(wasi('fd_readdir', ROOT, BUFFER, 1_000, beyond, OUT)).toBe(0);
      expect(bytes.readUInt32LE(OUT)).toBe(0);
    }
  });

  it('fills the buffer to its end where there are more', () => {
    const { wasi, bytes } = start();
    expect(wasi('fd_readdir', ROOT, BUFFER, 40, 0n, OUT)).toBe(0);
    expect(bytes.readUInt32LE(OUT)).toBe(40);
    expect(bytes.readUInt8(BUFFER + 40)).toBe(0);
  });

  it('refuses files', () => {
    const { wasi, opened } = start();
    expect(wasi('fd_readdir', opened('a.txt'), BUFFER, 1_000, 0n, OUT)).toBe(ERRNO.notdir);
  });
});

describe('what is known of files', () => {
  it('is their kind, size and number', () => {
    const { wasi, bytes, put, opened } = start();
    const stat = () => [bytes.readUInt8(OUT + 16), bytes.readBigUInt64LE(OUT + 24), bytes.readBigUInt64LE(OUT + 32)];
    expect(wasi('path_filestat_get', ROOT, 1, ...put('a.txt'), OUT)).toBe(0);
    expect(stat()).toEqual([4, 1n, 12n]);
    const inode = bytes.readBigUInt64LE(OUT + 8);
    expect(wasi('fd_filestat_get', opened('a.txt'), OUT)).toBe(0);
    expect([...stat(), bytes.readBigUInt64LE(OUT + 8)]).toEqual([4, 1n, 12n, inode]);
    expect(wasi('path_filestat_get', ROOT, 1, ...put('dir'), OUT)).toBe(0);
    expect(stat()).toEqual([3, 1n, 0n]);
    expect(bytes.readBigUInt64LE(OUT + 8)).not.toBe(inode);
    expect(wasi('path_filestat_get', ROOT, 1, ...put('../x'), OUT)).toBe(ERRNO.perm);
  });

  it('has no right to write among it', () => {
    const { wasi, bytes, opened } = start();
    expect(wasi('fd_fdstat_get', opened('a.txt'), OUT)).toBe(0);
    expect(bytes.readUInt8(OUT)).toBe(4);
    expect(bytes.readBigUInt64LE(OUT + 8) & (READ | WRITE)).toBe(READ);
    expect(wasi('fd_fdstat_get', ROOT, OUT)).toBe(0);
    expect(bytes.readUInt8(OUT)).toBe(3);
  });
});

describe('writing', () => {
  it.each(['path_create_directory', 'path_remove_directory', 'path_unlink_file'])('%s is refused', (name) => {
    const { wasi, put } = start();
    expect(wasi(name, ROOT, ...put('dir'))).toBe(ERRNO.rofs);
    expect(wasi(name, 99, ...put('dir'))).toBe(ERRNO.badf);
  });

  it('is refused in every other way', () => {
    const { wasi, put, opened, vectors } = start();
    const fd = opened('a.txt');
    const path = put('a.txt');
    expect(wasi('path_rename', ROOT, ...path, ROOT, ...path)).toBe(ERRNO.rofs);
    expect(wasi('path_link', ROOT, 0, ...path, ROOT, ...path)).toBe(ERRNO.rofs);
    expect(wasi('path_symlink', ...path, ROOT, ...path)).toBe(ERRNO.rofs);
    expect(wasi('path_filestat_set_times', ROOT, 0, ...path, 0n, 0n, 0)).toBe(ERRNO.rofs);
    expect(wasi('fd_filestat_set_times', fd, 0n, 0n, 0)).toBe(ERRNO.rofs);
    expect(wasi('fd_filestat_set_size', fd, 0n)).toBe(ERRNO.rofs);
    expect(wasi('fd_allocate', fd, 0n, 100n)).toBe(ERRNO.rofs);
    expect(wasi('fd_write', fd, ...vectors([BUFFER, 1]), OUT)).toBe(ERRNO.badf);
    expect(wasi('fd_pwrite', fd, ...vectors([BUFFER, 1]), 0n, OUT)).toBe(ERRNO.badf);
    expect(wasi('path_readlink', ROOT, ...path, BUFFER, 10, OUT)).toBe(ERRNO.inval);
    expect(wasi('fd_sync', fd)).toBe(0);
  });
});

describe('a pointer outside the memory', () => {
  it.each([
    ['path_open', [ROOT, 1, -1, 10, 0, READ, 0n, 0, OUT]],
    ['path_open', [ROOT, 1, PATH, 1, 0, READ, 0n, 0, -2]],
    ['fd_prestat_get', [ROOT, -1]],
    ['fd_prestat_dir_name', [ROOT, -1, 7]],
    ['fd_filestat_get', [ROOT, -1]],
    ['fd_fdstat_get', [ROOT, -1]],
    ['fd_readdir', [ROOT, BUFFER, -1, 0n, OUT]],
    ['path_filestat_get', [ROOT, 1, PATH, 1, -1]],
  ] as [string, (number | bigint)[]][])('of %s is a violation', (name, core) => {
    const { wasi, put } = start();
    put('.');
    expect(() => wasi(name, ...core)).toThrow(GuestViolation);
  });
});
