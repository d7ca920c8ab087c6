import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AUDIT_LIMITS } from '../../../../src/limits.js';
import { printable } from '../../../../src/observe/printable.js';
import type { AuditEvent } from '../../../../src/sandbox/audit/audit-event.js';
import { decodeLine, encodeLine, NO_LINE, START, sha256 } from '../../../../src/sandbox/audit/audit-line.js';
import { anEvent, linesOf, openLog, verdict } from './a-log.js';

const LINE =
  '{"seq":1,"at":"2026-01-02T03:04:05.678Z","event":"plugin.install","actor":"local","plugin":{"id":"p-1","name":"écho","version":"1.0.0"},"details":{"digest":"ab"},"prev":"0000000000000000000000000000000000000000000000000000000000000000","hash":"HASH"}\n';

const install: AuditEvent = {
  event: 'plugin.install',
  actor: 'local',
  plugin: { id: 'p-1', name: 'écho', version: '1.0.0' },
  details: { digest: 'ab' },
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hal9-audit-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Three lines on disk. */
async function smallLog(): Promise<{ path: string; bytes: Buffer }> {
  const { audit } = openLog(directory);
  for (const name of ['a', 'écho', 'c']) await audit.append(anEvent(name));
  await audit.close();
  const path = join(directory, '000001.jsonl');
  return { path, bytes: readFileSync(path) };
}

describe('encodeLine', () => {
  test('writes exactly these bytes', () => {
    const { text, head } = encodeLine(install, Date.UTC(2026, 0, 2, 3, 4, 5, 678), START);
    const hash = sha256(LINE.slice(0, LINE.indexOf(',"hash"')));
    expect(text).toBe(LINE.replace('HASH', hash));
    expect(head).toEqual({ seq: 1, hash });
  });

  test('keeps a stranger’s names on one short line of printable characters', () => {
    const name = `x\n\u001b[31m\u202e"\\${'🙂'.repeat(300_000)}\ud800`;
    const details = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${name}${i}`, name]));
    const { text } = encodeLine(
      { ...install, actor: name, plugin: { id: name, name, version: name }, details },
      0,
      START,
    );
    expect(Buffer.byteLength(text)).toBeLessThan(AUDIT_LIMITS.maxLineBytes);
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(printable(text, '\n')).toBe(text);
    expect(text).toContain(String.raw`\\u001b[31m\\u202e`);
    expect(decodeLine(Buffer.from(text.slice(0, -1)))).toHaveProperty('entry');
  });

  test('stays below the bound of a line at the worst that strangers can do', () => {
    const name = '"'.repeat(10_000);
    const details = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}${name}`.slice(0, 256), name]));
    const { text } = encodeLine(
      { ...install, actor: name, plugin: { id: name, name, version: name }, details },
      0,
      START,
    );
    expect(text.length).toBeGreaterThan(AUDIT_LIMITS.maxDetails * AUDIT_LIMITS.maxDetailBytes);
    expect(Buffer.byteLength(text)).toBeLessThan(AUDIT_LIMITS.maxLineBytes);
  });
});

describe('decodeLine', () => {
  const sealed = (head: string): Buffer => Buffer.from(`${head},"hash":"${sha256(head)}"}`);
  const head = LINE.slice(0, LINE.indexOf(',"hash"'));

  test.each([
    ['another seq behind the first', head.replace('"at"', '"seq":7,"at"')],
    ['spaces', head.replace('"seq":1', '"seq": 1')],
    ['another escape of the same letter', head.replace('é', '\\u00e9')],
    ['a seq that is no whole number', head.replace('"seq":1', '"seq":1.5')],
    ['a prev that is no hash', head.replace(NO_LINE, 'x')],
    ['a detail that is no text', head.replace('"ab"', '1')],
  ])('takes no line with %s, though its hash fits', (_what, changed) => {
    expect(changed).not.toBe(head);
    expect(decodeLine(sealed(head))).toHaveProperty('entry');
    expect(decodeLine(sealed(changed))).toEqual({ fault: 'it is not the JSON of an audit line' });
  });
});

describe('readChain', () => {
  test('finds any flipped bit, at its own line', async () => {
    const { path, bytes } = await smallLog();
    expect(await verdict(directory)).toBe('ok 3');
    let line = 1;
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [0x01, 0x20, 0x80]) {
        const doctored = Buffer.from(bytes);
        doctored[at] = (doctored[at] ?? 0) ^ mask;
        writeFileSync(path, doctored);
        expect([at, mask, await verdict(directory)]).toEqual([
          at,
          mask,
          expect.stringMatching(new RegExp(`^000001.jsonl line ${line}: `)),
        ]);
      }
      if (bytes[at] === 0x0a) line++;
    }
  }, 60_000);

  test('finds a line that was taken out, doubled, moved, or put in with a hash of its own', async () => {
    const { path, bytes } = await smallLog();
    const [a = '', b = '', c = ''] = bytes.toString().split(/(?<=\n)/);
    const forged = encodeLine(anEvent('forged'), 0, { seq: 1, hash: linesOf(directory)[0]?.hash ?? '' }).text;
    for (const [lines, number] of [
      [[b, c], 1],
      [[a, c], 2],
      [[a, a, b, c], 2],
      [[a, c, b], 2],
      [[a, b, b, c], 3],
      [[a, forged, c], 3],
      [[a, b, `${c}\n`], 4],
    ] as const) {
      writeFileSync(path, lines.join(''));
      expect(await verdict(directory)).toMatch(new RegExp(`^000001.jsonl line ${number}: `));
    }
  });

  test('finds a file that is missing, in the middle or at the beginning', async () => {
    const { audit } = openLog(directory, { maxFileBytes: 700 });
    for (let i = 0; i < 12; i++) await audit.append(anEvent(`p${i}`));
    await audit.close();
    expect(await verdict(directory)).toBe('ok 12');
    for (const [name, next] of [
      ['000002.jsonl', '000003.jsonl'],
      ['000001.jsonl', '000002.jsonl'],
    ] as const) {
      const kept = readFileSync(join(directory, name));
      rmSync(join(directory, name));
      expect(await verdict(directory)).toMatch(new RegExp(`^${next} line 1: expected seq \\d+, found \\d+`));
      writeFileSync(join(directory, name), kept);
    }
  });

  test('takes nothing longer than a line may be into memory', async () => {
    const { path, bytes } = await smallLog();
    writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(40 * 1_048_576, 'x')]));
    const before = process.memoryUsage().arrayBuffers;
    expect(await verdict(directory)).toMatch(/^000001.jsonl line 4: it does not end with a line break/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1_048_576);
  });
});
