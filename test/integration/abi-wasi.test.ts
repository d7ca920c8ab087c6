/**
 * Rust's standard library over our WASI preview 1, in a module as cargo writes it. `wasi.wasm` is built by
 * `cargo build --release --locked --target wasm32-wasip1` in `test/guests/wasi` (cargo 1.95).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AssetImage } from '../../src/protocol/assets.js';
import type { FromWorker, GuestGrants } from '../../src/protocol/bind.js';
import { GuestExit, instantiate } from '../../workers/abi/guest.js';
import { Reports } from '../../workers/host/reports.js';
import { imageOf } from '../harness/asset-image.js';
import { BOUNDS, NO_GRANTS, utf8 } from '../unit/workers/abi/wat-guest.js';

const module = new WebAssembly.Module(readFileSync('test/guests/wasi/wasi.wasm'));
const PLUGIN = { id: '', name: '', version: '' };
const NOW_MS = 1_700_000_000_123;

/** An instance of its own for each test, and what it reported. */
function start(grants: GuestGrants = NO_GRANTS, assets?: AssetImage) {
  const posted: FromWorker[] = [];
  const reports = new Reports({ plugin: PLUGIN, config: '{}', grants, limits: BOUNDS, assets }, (message) =>
    posted.push(message),
  );
  const guest = instantiate(module, { exports: ['tools'], bounds: BOUNDS, grants, host: reports.services });
  const run = (tool: string, text = ''): string => {
    guest.beginCall(NOW_MS);
    const answer = guest.tools?.execute(utf8(tool), utf8(text));
    if (!answer?.ok) throw new Error('the guest answered with an error');
    return Buffer.from(answer.value).toString();
  };
  return { run, posted, reports };
}

describe("Rust's standard library", () => {
  it('prints to the log', () => {
    const { run, posted, reports } = start();
    run('print', 'wörld');
    reports.flush();
    expect(posted).toMatchObject([
      {
        lines: [
          { text: 'out: wörld', stream: 'stdout', level: 'info' },
          { text: 'err: wörld', stream: 'stderr', level: 'warn' },
        ],
      },
    ]);
  });

  it('is told the moment at which the call began where time is not granted', () => {
    expect(start().run('time')).toBe(String(NOW_MS));
    expect(start().run('instant')).toBe('0');
  });

  it('is told the time where that is granted', () => {
    expect(Number(start({ ...NO_GRANTS, time: true }).run('time'))).toBeGreaterThan(NOW_MS);
  });

  it('sleeps, and has slept as long as it asked, though time is not granted', () => {
    const from = performance.now();
    expect(start().run('sleep', '20')).toBe('20');
    expect(performance.now() - from).toBeGreaterThanOrEqual(19);
  });

  it('seeds its hash tables', () => {
    expect(start().run('hash')).toBe('9900');
  });

  it('has no arguments, and the variables that were granted', () => {
    expect(start().run('env', 'PATH')).toBe('Err(NotPresent) 0');
    expect(start({ ...NO_GRANTS, env: { NAME: 'wörld' } }).run('env', 'NAME')).toBe('Ok("wörld") 0');
  });

  it.each(['file', 'write'])('fails with an error of its own at the first %s', (tool) => {
    const { run } = start();
    expect(run(tool, '/etc/passwd')).toMatch(/^Err\(\w+\)$/);
    expect(run(tool, 'relative')).toMatch(/^Err\(\w+\)$/);
    expect(run('hash')).toBe('9900');
  });

  it('has no threads', () => {
    expect(start().run('thread')).toBe('Err(Unsupported)');
  });

  it('traps when it panics, and says why in the log', () => {
    const { run, posted, reports } = start();
    expect(() => run('panic', 'for a reason')).toThrow(WebAssembly.RuntimeError);
    reports.end();
    expect(JSON.stringify(posted)).toContain('for a reason');
    expect(() => run('hash')).toThrow(/ended in an earlier call/);
  });

  it('ends the instance when it exits', () => {
    const { run } = start();
    expect(() => run('exit', '3')).toThrow(expect.objectContaining({ name: 'GuestExit', code: 3 }));
    expect(() => run('hash')).toThrow(GuestExit);
  });
});

describe("Rust's standard library, with assets", () => {
  const ASSETS = imageOf({ 'words.txt': 'hello assets', 'data/a/deep.bin': 'x'.repeat(2_500_000), 'data/wörd': '' });
  const run = (tool: string, text: string) => start(NO_GRANTS, ASSETS).run(tool, text);

  it('reads files whole, however large, and pieces of them', () => {
    expect(run('read', '/assets/words.txt')).toBe('Ok("hello assets")');
    expect(run('read', '/assets/data/wörd')).toBe('Ok("")');
    expect(run('size', '/assets/data/a/deep.bin')).toBe('Ok(2500000)');
    expect(run('middle', '/assets/words.txt')).toBe('ell 4 o assets 12');
  });

  it('lists directories, and knows what is what', () => {
    expect(run('list', '/assets')).toBe('data/ words.txt');
    expect(run('list', '/assets/data')).toBe('a/ wörd');
    expect(run('list', '/assets/words.txt')).toBe('NotADirectory');
    expect(run('metadata', '/assets')).toBe('Ok((true, false, 0))');
    expect(run('metadata', '/assets/words.txt')).toBe('Ok((false, true, 12))');
  });

  it('finds nothing that is not there, and nothing beyond', () => {
    expect(run('read', '/assets/none')).toBe('Err(NotFound)');
    expect(run('read', '/assets/words.txt/')).toBe('Err(NotADirectory)');
    expect(run('read', '/assets')).toBe('Err(IsADirectory)');
    expect(run('read', '/assets/../etc/passwd')).toBe('Err(PermissionDenied)');
    expect(run('read', '/assets/data/../words.txt')).toBe('Ok("hello assets")');
    expect(run('read', '/assets/none/../words.txt')).toBe('Err(NotFound)');
    expect(run('file', '/etc/passwd')).toMatch(/^Err\(\w+\)$/);
    expect(run('metadata', '/')).toMatch(/^Err\(\w+\)$/);
  });

  it.each([
    ['write', '/assets/words.txt'],
    ['write', '/assets/new'],
    ['append', '/assets/words.txt'],
    ['create-new', '/assets/new'],
    ['create-dir', '/assets/new'],
    ['remove', '/assets/words.txt'],
    ['rename', '/assets/words.txt'],
  ])('cannot %s %s: the file system is read-only', (tool, path) => {
    const { run } = start(NO_GRANTS, ASSETS);
    expect(run(tool, path)).toBe('Err(ReadOnlyFilesystem)');
    expect(run('read', '/assets/words.txt')).toBe('Ok("hello assets")');
    expect(run('list', '/assets')).toBe('data/ words.txt');
  });

  it('has a bounded number of files open, and may open others once they are closed', () => {
    expect(run('open-all', '/assets/words.txt')).toBe('63 true');
  });
});
