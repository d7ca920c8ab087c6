/**
 * Rust's standard library over our WASI preview 1, in a module as cargo writes it. `wasi.wasm` is built by
 * `cargo build --release --locked --target wasm32-wasip1` in `test/guests/wasi` (cargo 1.95).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FromWorker, GuestGrants } from '../../src/protocol/bind.js';
import { GuestExit, instantiate } from '../../workers/abi/guest.js';
import { Reports } from '../../workers/host/reports.js';
import { BOUNDS, NO_GRANTS, utf8 } from '../unit/workers/abi/wat-guest.js';

const module = new WebAssembly.Module(readFileSync('test/guests/wasi/wasi.wasm'));
const NOW_MS = 1_700_000_000_123;

/** An instance of its own for each test, and what it reported. */
function start(grants: GuestGrants = NO_GRANTS) {
  const posted: FromWorker[] = [];
  const reports = new Reports({ config: '{}', grants, limits: BOUNDS }, (message) => posted.push(message));
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
