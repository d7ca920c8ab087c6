import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AUDIT_LIMITS } from '../../../../src/limits.js';
import type { AuditEvent } from '../../../../src/sandbox/audit/audit-event.js';
import { MAX_NAMES } from '../../../../src/sandbox/audit/repeats.js';
import { anEvent, linesOf, openLog, verdict } from './a-log.js';

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'hal9-audit-')), 'audit');
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

const file = (number = 1): string => join(directory, `00000${number}.jsonl`);
const kill = (n: number, reason = 'trap') => ({
  event: 'plugin.kill' as const,
  actor: 'server',
  plugin: { id: 'p', name: 'p', version: '1' },
  details: { reason, n: String(n) },
});

/** A log of three lines that was closed. */
async function threeLines(): Promise<void> {
  const { audit } = openLog(directory);
  await Promise.all(['a', 'b', 'c'].map((name) => audit.append(anEvent(name))));
  await audit.close();
}

async function oneMore(name: string): Promise<ReturnType<typeof openLog>> {
  const opened = openLog(directory);
  await opened.audit.append(anEvent(name));
  await opened.audit.close();
  return opened;
}

const eventsOf = (): string[] => linesOf(directory).map(({ event, plugin }) => plugin?.name ?? event);

describe('AuditLog', () => {
  test('writes lines in the order of the calls, appended or noted, and many of them at once', async () => {
    const { audit } = openLog(directory);
    const done: number[] = [];
    const waiting: Promise<void>[] = [];
    for (let i = 0; i < 400; i++) {
      if (i % 4 === 3) audit.note(anEvent(String(i)));
      else waiting.push(audit.append(anEvent(String(i))).then(() => void done.push(i)));
    }
    await Promise.all(waiting);
    expect(done).toEqual(Array.from({ length: 400 }, (_, i) => i).filter((i) => i % 4 !== 3));
    await audit.close();
    expect(eventsOf()).toEqual(Array.from({ length: 400 }, (_, i) => String(i)));
    expect(await verdict(directory)).toBe('ok 400');
    expect(audit.counts).toEqual({ lines: 400, lost: 0, refused: 0, breaks: 0, writable: 1 });
  });

  test('writes what an event was when it was told, and keeps no more of it than a line takes', async () => {
    const { audit } = openLog(directory);
    const details: Record<string, string> = { message: 'x'.repeat(1_000_000) };
    const done = audit.append({ ...anEvent('a'), details });
    audit.note({ ...anEvent('b'), details });
    details['message'] = 'changed';
    await done;
    await audit.close();
    const told = linesOf(directory).map((line) => line.details['message'] ?? '');
    expect(told.map((message) => [message.length < 2_000, message.startsWith('xxx')])).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  test('keeps its folder and files from others', async () => {
    await threeLines();
    expect([statSync(directory).mode & 0o777, statSync(file()).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  test('goes on with the chain, also from a waiter that appends at once', async () => {
    await threeLines();
    const { audit } = openLog(directory);
    await audit.append(anEvent('d')).then(() => audit.append(anEvent('e')));
    await audit.append(anEvent('f'));
    await audit.close();
    expect(eventsOf().join('')).toBe('abcdef');
    expect(await verdict(directory)).toBe('ok 6');
  });

  test('begins another file when one is full, and deletes none', async () => {
    const { audit } = openLog(directory, { maxFileBytes: 1_000 });
    for (let i = 0; i < 20; i++) await audit.append(anEvent(String(i)));
    await audit.close();
    const names = readdirSync(directory);
    expect(names.length).toBeGreaterThan(4);
    expect(names.every((name) => statSync(join(directory, name)).size < 1_500)).toBe(true);
    expect(await verdict(directory)).toBe('ok 20');
    await oneMore('after');
    expect(await verdict(directory)).toBe('ok 21');
  });

  test('has every line that it acknowledged after kill -9 in the middle of many', async () => {
    for (let round = 0; round < 5; round++) {
      const acknowledged = await killedWriter();
      await oneMore('restart');
      expect(await verdict(directory)).toMatch(/^ok \d+$/);
      expect(linesOf(directory).at(-1)?.seq).toBeGreaterThan(acknowledged);
    }
  }, 60_000);

  /** Appends in a process of its own until it is killed; answers the last seq that it was told is on the disk. */
  function killedWriter(): Promise<number> {
    const script = `
      import { AuditLog } from ${JSON.stringify(new URL('../../../../src/sandbox/audit/audit-log.js', import.meta.url).href)};
      const audit = new AuditLog({ directory: ${JSON.stringify(directory)}, log: console, maxFileBytes: 20000 });
      const lane = async (name) => { for (;;) { await audit.append({ event: 'denial', actor: name }); console.log(audit.counts.lines); } };
      for (let i = 0; i < 20; i++) lane('lane ' + i);`;
    const before = readSeq();
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
      if (said.length > 2_000) child.kill('SIGKILL');
    });
    return new Promise((resolve) =>
      child.on('close', () => resolve(before + Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1)))),
    );
  }

  const readSeq = (): number =>
    readdirSync(join(directory, '..')).length === 0 ? 0 : (linesOf(directory).at(-1)?.seq ?? 0);
});

describe('a last line that a crash has torn', () => {
  test.each([1, 100, 74])('is cut off after %d bytes, kept, and told of in the chain', async (length) => {
    await threeLines();
    const torn = readFileSync(file()).subarray(0, length);
    appendFileSync(file(), torn);
    const { audit } = await oneMore('d');
    expect(audit.counts.breaks).toBe(0);
    expect(eventsOf()).toEqual(['a', 'b', 'c', 'audit.torn', 'd']);
    expect(await verdict(directory)).toBe('ok 5');
    const { kept = '', bytes } = linesOf(directory)[3]?.details ?? {};
    expect([bytes, readFileSync(join(directory, kept))]).toEqual([String(length), torn]);
    await oneMore('e');
    expect(eventsOf().slice(3)).toEqual(['audit.torn', 'd', 'e']);
  });

  test('is told of by the next start when the machine stopped before the line about it', async () => {
    await threeLines();
    writeFileSync(join(directory, '000001.jsonl.4.torn-pending'), '{"seq":4');
    await oneMore('d');
    expect(eventsOf()).toEqual(['a', 'b', 'c', 'audit.torn', 'd']);
    expect(readdirSync(directory)).toEqual(['000001.jsonl', '000001.jsonl.4.torn']);
  });

  test('gets its line break where it lacks nothing else', async () => {
    await threeLines();
    writeFileSync(file(), readFileSync(file()).subarray(0, -1));
    const { audit } = await oneMore('d');
    expect(audit.counts.breaks).toBe(0);
    expect(eventsOf()).toEqual(['a', 'b', 'c', 'd']);
    expect(await verdict(directory)).toBe('ok 4');
  });

  test.each([
    ['another byte', '\u000b'],
    ['bytes of a line', '\u000b{"seq":4,"at"'],
  ])('is damage and stays where it is when %s stand in place of its line break', async (_, end) => {
    await threeLines();
    const damaged = Buffer.concat([readFileSync(file()).subarray(0, -1), Buffer.from(end)]);
    writeFileSync(file(), damaged);
    const { audit } = await oneMore('d');
    expect(audit.counts.breaks).toBe(1);
    expect(readFileSync(file())).toEqual(damaged);
    expect(await verdict(directory)).toBe('000001.jsonl line 3: it does not end with a line break');
  });

  test('may be the first of a file', async () => {
    await threeLines();
    writeFileSync(file(2), '{"seq":4,"at');
    await oneMore('d');
    expect(eventsOf()).toEqual(['a', 'b', 'c', 'audit.torn', 'd']);
    expect(await verdict(directory)).toBe('ok 5');
  });
});

describe('a log that was doctored', () => {
  test('is left as it is: a new chain begins, says what was wrong, and the damage stays to be found', async () => {
    await threeLines();
    const doctored = Buffer.from(readFileSync(file()).toString().replace('"name":"b"', '"name":"x"'));
    writeFileSync(file(), doctored);
    const { audit, told } = await oneMore('d');
    expect(audit.counts.breaks).toBe(1);
    expect(told).toMatchObject([{ level: 'error', fields: { file: '000001.jsonl', line: 2 } }]);
    expect(readFileSync(file())).toEqual(doctored);
    const [first, next] = readFileSync(file(2), 'utf8')
      .split('\n')
      .map((line) => (line === '' ? {} : (JSON.parse(line) as object)));
    expect(first).toMatchObject({
      seq: 4,
      event: 'audit.break',
      details: { file: '000001.jsonl', line: '2', last_good_seq: '1' },
    });
    expect(next).toMatchObject({ seq: 5, plugin: { name: 'd' } });
    expect(await verdict(directory)).toMatch(/^000001.jsonl line 2: /);
    await oneMore('e');
    expect(readdirSync(directory)).toEqual(['000001.jsonl', '000002.jsonl']);
    rmSync(file());
    expect(await verdict(directory)).toBe('ok 3');
  });

  test('is noticed while the server runs, when it is cut, replaced or removed', async () => {
    for (const doctor of [
      () => truncateSync(file(), statSync(file()).size - 10),
      () => truncateSync(file(), 0),
      () => rmSync(file()),
    ]) {
      const { audit, told } = openLog(directory);
      await audit.append(anEvent('a'));
      await audit.append(anEvent('b'));
      doctor();
      await audit.append(anEvent('c'));
      await audit.close();
      expect([audit.counts.breaks, told.length]).toEqual([1, 1]);
      const all = readdirSync(directory)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => readFileSync(join(directory, name), 'utf8'));
      expect(all.join('')).toContain('the log was changed while the server ran: it ended with seq 2');
      rmSync(directory, { recursive: true });
    }
  });
});

describe('a log that cannot be written', () => {
  test('refuses what must not happen unaudited, keeps notes, and counts those for which it has no room', async () => {
    writeFileSync(directory, 'a file where the folder should be');
    const { audit, told } = openLog(directory);
    await expect(audit.append(anEvent('refused'))).rejects.toMatchObject({ reason: 'AUDIT_UNAVAILABLE' });
    await audit.appendOrNote(anEvent('taken away'));
    for (let i = 0; i < AUDIT_LIMITS.maxWaitingNotes + 6; i++) audit.note(anEvent(`note ${i}`));
    await expect(audit.append(anEvent('refused'))).rejects.toMatchObject({ reason: 'AUDIT_UNAVAILABLE' });
    expect(audit.counts).toEqual({ lines: 0, lost: 7, refused: 3, breaks: 0, writable: 0 });
    expect(told).toMatchObject([{ level: 'error', text: 'the audit log cannot be written' }]);

    rmSync(directory);
    await audit.append(anEvent('again'));
    await audit.close();
    const lines = linesOf(directory);
    expect(lines[0]).toMatchObject({ event: 'audit.lost', details: { lines: '7' } });
    expect([lines[1]?.plugin?.name, lines[2]?.plugin?.name]).toEqual(['taken away', 'note 0']);
    expect(lines.at(-1)?.plugin?.name).toBe('again');
    expect(lines).toHaveLength(AUDIT_LIMITS.maxWaitingNotes + 2);
    expect(told.at(-1)?.text).toBe('the audit log can be written again');
    expect(audit.counts.writable).toBe(1);
  });

  test('leaves nothing of a write that the disk took half of', () => {
    const script = `
      import { AuditLog } from ${JSON.stringify(new URL('../../../../src/sandbox/audit/audit-log.js', import.meta.url).href)};
      const audit = new AuditLog({ directory: ${JSON.stringify(directory)}, log: { error() {}, warn() {} } });
      const said = [];
      for (let i = 0; i < 40; i++) {
        const details = { text: 'x'.repeat(20 * i) };
        await audit.append({ event: 'denial', actor: 'a', details }).then(() => said.push('ok'), (e) => said.push(e.reason));
      }
      console.log(JSON.stringify({ said, counts: audit.counts, code: 0 }));
      process.exit(0);`;
    // A real EFBIG: the kernel takes what fits below the limit, as it does on a full disk.
    const limited = ['-c', 'ulimit -S -f 4; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', script];
    const { said, counts } = JSON.parse(execFileSync('bash', limited, { encoding: 'utf8' })) as {
      said: string[];
      counts: { lines: number };
    };
    expect([said[0], said.at(-1)]).toEqual(['ok', 'AUDIT_UNAVAILABLE']);
    expect(linesOf(directory)).toHaveLength(counts.lines);
    expect(said.filter((word) => word === 'ok')).toHaveLength(counts.lines);
    expect(readFileSync(file()).at(-1)).toBe(0x0a);
  });
});

describe('what strangers can cause at will', () => {
  test('gets a few lines of its own, and one that says how often it happened besides', async () => {
    const { audit } = openLog(directory);
    for (let i = 0; i < 500; i++) audit.note(kill(i));
    for (let i = 0; i < 3; i++) audit.note(kill(i, 'deadline'));
    await audit.close();
    const lines = linesOf(directory);
    expect(lines).toHaveLength(AUDIT_LIMITS.maxRepeats + 3 + 1);
    expect(lines.at(-1)?.details).toEqual({ reason: 'trap', n: '499', count: String(500 - AUDIT_LIMITS.maxRepeats) });
  });

  test('is said at the end of a window, without waiting for another event', async () => {
    const { audit } = openLog(directory, { repeatWindowMs: 5 });
    for (let i = 0; i < 50; i++) audit.note(kill(i));
    while (audit.counts.lines < AUDIT_LIMITS.maxRepeats + 1) await new Promise((resolve) => setImmediate(resolve));
    expect(linesOf(directory).at(-1)?.details['count']).toBe(String(50 - AUDIT_LIMITS.maxRepeats));
    await audit.close();
  });

  test('is told apart in a bounded number of kinds and actors', async () => {
    const { audit } = openLog(directory);
    for (let i = 0; i < 5_000; i++) audit.note({ event: 'denial', actor: `stranger ${i}` });
    await audit.close();
    const lines = linesOf(directory);
    expect(lines).toHaveLength(AUDIT_LIMITS.maxRepeatActors + 1);
    const { actor, details } = lines.at(-1) ?? {};
    expect([actor, details?.['count']]).toEqual(['(several)', String(5_000 - AUDIT_LIMITS.maxRepeatActors)]);
    const actors = JSON.parse(details?.['actors'] ?? '') as string[];
    expect([actors[0], actors.length]).toEqual(['stranger 4999', MAX_NAMES]);
  });

  test('names the latest of the plugins that one line is about, and a flood of one actor hides nothing of another', async () => {
    const { audit } = openLog(directory);
    const refused = (actor: string, name: string): AuditEvent => ({
      event: 'denial',
      actor,
      plugin: { id: `id-of-${name}`, name, version: '1.0.0' },
      details: { of: 'plugin.install', reason: 'SIGNATURE_MISSING' },
    });
    for (let i = 0; i < 1_000; i++) audit.note(refused('flood', 'x'.repeat(200) + i));
    audit.note(refused('flood', 'the-real-one'));
    for (let i = 0; i < 3; i++) audit.note(refused('flood', `f${i}`));
    audit.note(refused('another', 'of-another'));
    await audit.close();
    const lines = linesOf(directory);
    expect(lines).toHaveLength(AUDIT_LIMITS.maxRepeatKinds + 2);
    expect(lines.filter(({ plugin, actor }) => plugin?.name === 'of-another' && actor === 'another')).toHaveLength(1);
    const rest = lines.find(({ details }) => details['plugins'] !== undefined);
    expect(rest).toMatchObject({ actor: 'flood', plugin: { name: 'f2' } });
    expect(rest?.details['count']).toBe(String(1_004 - AUDIT_LIMITS.maxRepeatKinds));
    const named = JSON.parse(rest?.details['plugins'] ?? '') as string[];
    expect(named.slice(0, 4)).toEqual(['f2 id-of-f2', 'f1 id-of-f1', 'f0 id-of-f0', 'the-real-one id-of-the-real-one']);
  });
});
