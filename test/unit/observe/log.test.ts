import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { guestLog } from '../../../src/observe/guest-log.js';
import { createLog, type Log, type LogOptions } from '../../../src/observe/log.js';
import { printable } from '../../../src/observe/printable.js';
import type { LogLine } from '../../../src/protocol/bind.js';

const directory = mkdtempSync(join(tmpdir(), 'hal9-log-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** What a log that was written to holds. */
async function written(options: Pick<LogOptions, 'level' | 'format'>, write: (log: Log) => void): Promise<string> {
  const file = join(directory, `${Math.random()}.log`);
  const { log, flush } = createLog({ ...options, fd: openSync(file, 'w') });
  write(log);
  await flush();
  return readFileSync(file, 'utf8');
}

const recordsOf = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('createLog', () => {
  test('writes one JSON object a line, from its level upward', async () => {
    const text = await written({ level: 'info', format: 'json' }, (log) => {
      log.debug('not this');
      log.info({ plugin: 'x' }, 'installed');
      log.error({ err: new Error('broken') }, 'failed');
    });
    const [info, error] = recordsOf(text);
    expect(info).toMatchObject({ level: 'info', msg: 'installed', plugin: 'x' });
    expect(info?.['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(error).toMatchObject({ level: 'error', err: { message: 'broken' } });
    expect(recordsOf(text).length).toBe(2);
  });

  test('writes a line for a person, in which nothing moves the cursor', async () => {
    const text = await written({ level: 'info', format: 'pretty' }, (log) => {
      log.warn({ plugin: 'a b', n: 3 }, 'guest said \u001b[2J\nINFO forged');
      log.error({ err: new Error('broken \u001b[31m') }, 'failed');
    });
    const lines = text.split('\n');
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}guest said \\u001b\[2J\\u000aINFO forged plugin="a b" n=3$/,
    );
    expect(lines[1]).toMatch(/ERROR failed$/);
    expect(lines[2]).toBe('    Error: broken \\u001b[31m');
    expect(text).not.toContain('\u001b');
  });
});

describe('guestLog', () => {
  const line = (part: Partial<LogLine>): LogLine => ({ level: 'info', text: 'hello', call: 0, stream: 'log', ...part });

  test('names the plugin, and the request and trace of the call that wrote the line', async () => {
    const text = await written({ level: 'trace', format: 'json' }, (log) => {
      const write = guestLog(log, { id: 'i', name: 'n', version: '1.0.0' }, { logDropped: () => {} });
      const origins = new Map([[7, { requestId: 'r-7', traceId: 't-7' }]]);
      const lines = [line({ call: 7, level: 'warn' }), line({ stream: 'stderr' }), line({ call: 8 })];
      write({ type: 'log', lines, droppedLines: 0, droppedBytes: 0 }, (call) => origins.get(call));
    });
    const guest = { source: 'guest', plugin: 'n', pluginId: 'i', version: '1.0.0', msg: 'hello' };
    const [first, second, third] = recordsOf(text);
    expect(first).toMatchObject({ ...guest, level: 'warn', stream: 'log', requestId: 'r-7', traceId: 't-7' });
    expect(second).toMatchObject({ ...guest, level: 'info', stream: 'stderr' });
    expect(second).not.toHaveProperty('requestId');
    expect(third).not.toHaveProperty('requestId');
  });

  test('counts and reports what the worker dropped', async () => {
    const dropped: number[][] = [];
    const text = await written({ level: 'info', format: 'json' }, (log) => {
      const logDropped = (lines: number, bytes: number): void => void dropped.push([lines, bytes]);
      const write = guestLog(log, { id: 'i', name: 'n', version: '1.0.0' }, { logDropped });
      write({ type: 'log', lines: [], droppedLines: 5, droppedBytes: 400 }, () => undefined);
    });
    expect(dropped).toEqual([[5, 400]]);
    expect(recordsOf(text)[0]).toMatchObject({ level: 'warn', lines: 5, bytes: 400 });
  });
});

describe('printable', () => {
  test('escapes controls, line separators and marks that turn text around, and nothing else', () => {
    expect(printable('a\u0000\u001b\u007f\u0085\u2028\u202e\u2066z')).toBe(
      'a\\u0000\\u001b\\u007f\\u0085\\u2028\\u202e\\u2066z',
    );
    expect(printable('Grüße, 世界 👋')).toBe('Grüße, 世界 👋');
    expect(printable('a\nb\tc', '\n')).toBe('a\nb\\u0009c');
  });
});
