import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileAnswer, Place, SpaceOrder } from '../../../../src/host/files/backend.js';
import { OwnData } from '../../../../src/host/files/own-data.js';
import { SystemFiles } from '../../../../src/host/files/system-files.js';
import { FILE_LIMITS } from '../../../../src/limits/files.js';
import { OPEN_FLAGS, openHow, packEntries } from '../../../../src/protocol/files.js';
import { ERRNO } from '../../../../src/protocol/preview1-errno.js';

const ALL = { read: true, write: true, create: true };
const WRITE = openHow(OPEN_FLAGS.read | OPEN_FLAGS.write | OPEN_FLAGS.create);
const READ = openHow(OPEN_FLAGS.read);
const LARGE: SpaceOrder = { key: 'space', maxBytes: 1_000_000, maxEntries: 1_000 };

let folder: string;
let files: SystemFiles;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'hal9-files-')));
  files = new SystemFiles();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (path: string, more: Partial<Place> = {}): Place => ({
  root: { key: 'root', directory: folder, scratch: false },
  path: path.split('/').filter((component) => component !== ''),
  isDirectory: false,
  apart: [],
  space: LARGE,
  ...more,
});

function done<T>(answer: FileAnswer<T>): T {
  if (answer.outcome !== 'done') throw new Error(JSON.stringify(answer));
  return answer.value;
}

const failed = (name: keyof typeof ERRNO) => ({ outcome: 'failed', errno: ERRNO[name] });

/** Whether a directory can be known by two names here. */
function bound(directory: string, alias: string): boolean {
  try {
    execFileSync('mount', ['--bind', directory, alias], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: directories cannot be mounted here');
    return false;
  }
}

describe.skipIf(process.platform !== 'linux')('SystemFiles', () => {
  it('says where a directory is that was moved, and does nothing', () => {
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    done(files.open(1, place('a/b'), READ, ALL));
    renameSync(join(folder, 'a/b'), join(folder, 'c'));
    const below = (path: string[]) => place('a/b/new', { from: { handle: 1, path } });
    const moved = { outcome: 'moved', handle: 1, path: ['c'] };
    expect(files.makeDirectory(below(['a', 'b']))).toEqual(moved);
    expect(done(files.where(1))).toEqual(['c']);
    rmSync(join(folder, 'c'), { recursive: true });
    expect(files.makeDirectory(below(['c']))).toEqual({ ...moved, path: undefined });
    expect(readdirSync(join(folder, 'a'))).toEqual([]);
  });

  it("refuses the server's own directory, wherever it has come to be below a root", () => {
    mkdirSync(join(folder, 'srv/data/packages'), { recursive: true });
    writeFileSync(join(folder, 'srv/data/trust.json'), 'keys');
    const guarded = new SystemFiles(new OwnData(join(folder, 'srv/data')));
    mkdirSync(join(folder, 'root'));
    const root = { key: 'srv', directory: join(folder, 'root'), scratch: false };
    done(guarded.list(place('', { root })));
    // A root that is used already is not looked at again; what is below it is.
    renameSync(join(folder, 'srv/data'), join(folder, 'root/moved'));
    for (const path of ['moved', 'moved/trust.json', 'moved/packages', 'moved/new'])
      expect(guarded.open(1, place(path, { root }), WRITE, ALL)).toEqual(failed('perm'));
    expect(guarded.list(place('moved', { root }))).toEqual(failed('perm'));
    expect(guarded.rename(place('moved', { root }), place('away', { root }), true)).toEqual(failed('perm'));
    expect(guarded.unlink(place('moved/trust.json', { root }))).toEqual(failed('perm'));
    expect(guarded.statAt(place('', { root })).outcome).toBe('done');
  });

  it("refuses a root that leads into the server's own directory, or has it inside", () => {
    mkdirSync(join(folder, 'srv/data/scratch'), { recursive: true });
    const guarded = new SystemFiles(new OwnData(join(folder, 'srv/data')));
    for (const target of ['srv', 'srv/data', 'srv/data/scratch']) {
      symlinkSync(target, join(folder, `link-${target.replaceAll('/', '-')}`));
      const directory = join(folder, `link-${target.replaceAll('/', '-')}`);
      const root = { key: target, directory, scratch: false };
      expect(guarded.list(place('', { root }))).toEqual(failed('perm'));
    }
    const scratch = { key: 'scratch', directory: join(folder, 'srv/data/scratch/plugin'), scratch: true };
    expect(guarded.list(place('', { root: scratch })).outcome).toBe('done');
  });

  it('leaves nothing open of what it refuses', () => {
    mkdirSync(join(folder, 'a/b/c'), { recursive: true });
    symlinkSync('b', join(folder, 'a/link'));
    done(files.statAt(place('a')));
    const before = readdirSync('/proc/self/fd').length;
    for (const path of ['a/link', 'a/link/c', 'a/none/c', 'a/b/c/d/e', 'x'.repeat(300)]) {
      const isLink = path.startsWith('a/link');
      expect(files.open(1, place(path), READ, ALL).outcome).toBe(isLink ? 'escaping' : 'failed');
      expect(files.list(place(path)).outcome).not.toBe('done');
    }
    done(files.open(2, place('a/b/f'), WRITE, ALL));
    expect(files.rename(place('a/b/f'), place('a/none/f'), true)).toEqual(failed('noent'));
    files.close([2]);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('adds no more bytes or files than there may be, and makes room for what is removed', () => {
    const space = { key: 'small', maxBytes: 10, maxEntries: 2 };
    const small = (path: string) => place(path, { space });
    writeFileSync(join(folder, 'before'), 'x'.repeat(100));
    done(files.open(1, small('f'), WRITE, ALL));
    expect(done(files.write(1, 0, Buffer.from('0123456')))).toEqual({ written: 7, end: 7 });
    expect(done(files.write(1, undefined, Buffer.from('789')))).toEqual({ written: 3, end: 10 });
    const full = { outcome: 'full', of: 'bytes', used: 10, max: 10 };
    expect(files.write(1, 10, Buffer.from('x'))).toEqual(full);
    expect(files.write(1, 1_000_000, Buffer.from('x'))).toEqual(full);
    expect(done(files.write(1, 0, Buffer.from('again')))).toEqual({ written: 5, end: 5 });
    done(files.makeDirectory(small('d')));
    expect(files.makeDirectory(small('e'))).toEqual({ outcome: 'full', of: 'entries', used: 2, max: 2 });
    expect(files.open(2, small('g'), WRITE, ALL)).toMatchObject({ outcome: 'full', of: 'entries' });
    done(files.unlink(small('f')));
    // It is there for as long as it is open.
    expect(files.makeDirectory(small('e'))).toMatchObject({ outcome: 'full' });
    files.close([1]);
    done(files.open(2, small('g'), WRITE, ALL));
    done(files.resize(2, 10, false));
    expect(files.resize(2, 11, true)).toMatchObject({ outcome: 'full' });
    // What is removed of others' makes room for what was added, and not for more.
    done(files.unlink(small('before')));
    done(files.resize(2, 20, true));
    expect(files.resize(2, 21, true)).toMatchObject({ outcome: 'full' });
  });

  it('counts once what a scratch directory has, and removes all of it, however long its names', () => {
    const scratch = { key: 'scratch:x', directory: join(folder, 'scratch/x'), scratch: true };
    const space = { key: 'scratch:x', maxBytes: 10, maxEntries: 200 };
    const inScratch = (...path: string[]): Place => place('', { root: scratch, path, space });
    mkdirSync(join(scratch.directory, 'd'), { recursive: true });
    writeFileSync(join(scratch.directory, 'd/f'), '12345678');
    done(files.open(1, inScratch('g'), WRITE, ALL));
    expect(files.resize(1, 3, false)).toEqual({ outcome: 'full', of: 'bytes', used: 8, max: 10 });
    files.close([1]);
    const name = 'n'.repeat(FILE_LIMITS.maxNameBytes);
    const depth = FILE_LIMITS.maxDepth - 2;
    const chain = (length: number): string[] => Array.from({ length }, () => 'n');
    for (let length = 1; length <= depth; length++) done(files.makeDirectory(inScratch(...chain(length))));
    // From the bottom up, so that no path on the way is long.
    for (let above = depth - 1; above >= 0; above--)
      done(files.rename(inScratch(...chain(above), 'n'), inScratch(...chain(above), name), false));
    done(files.makeDirectory(inScratch('e')));
    done(files.makeDirectory(inScratch('e', 'e')));
    done(files.makeDirectory(inScratch('e', 'e', 'e')));
    expect(files.rename(inScratch(name), inScratch('e', 'e', 'e', name), true)).toEqual(failed('nametoolong'));
    done(files.rename(inScratch(name), inScratch('e', name), true));
    files.removeScratch(scratch);
    expect(existsSync(scratch.directory)).toBe(false);
    expect(done(files.list(inScratch()))).toEqual(packEntries([]));
  });

  it('reaches what a denial is about by its own name alone', () => {
    mkdirSync(join(folder, 'secret/in'), { recursive: true });
    mkdirSync(join(folder, 'SECRET'));
    writeFileSync(join(folder, 'secret/in/key'), 'k');
    if (!bound(join(folder, 'secret'), join(folder, 'SECRET'))) return;
    const denied = { outcome: 'escaping', errno: ERRNO.acces, by: 'other-spelling' };
    try {
      for (const apart of [[['secret']], [['secret', 'in']], [['secret', 'in', 'key']]]) {
        const other = (path: string) => place(path, { apart });
        expect(files.open(1, other('SECRET/in/key'), READ, ALL)).toEqual(denied);
        expect(files.statAt(other('SECRET'))).toEqual(denied);
        expect(files.rename(other('SECRET/in'), other('elsewhere'), true)).toEqual(denied);
        expect(done(files.statAt(other('secret/in/key'))).kind).toBe('file');
      }
    } finally {
      execFileSync('umount', [join(folder, 'SECRET')]);
    }
  });
});
