import { spawn } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anEvent, linesOf, openLog } from '../sandbox/audit/a-log.js';
import { hal9, type Ran } from './command.js';

const LINES = 20;
let folder: string;
let dataDir: string;
const inFolder = (name: string): string => join(folder, name);
const log = (number: number): string => join(dataDir, 'audit', `00000${number}.jsonl`);
const audit = (...args: string[]): Promise<Ran> => hal9(['audit', ...args], { env: { HAL9_DATA_DIR: dataDir } });

async function append(names: readonly string[]): Promise<void> {
  const { audit: writer } = openLog(join(dataDir, 'audit'), { maxFileBytes: 2_200 });
  for (const name of names) await writer.append(anEvent(name));
  await writer.close();
}

function writeKeys(name: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(inFolder(`${name}.key`), privateKey.export({ format: 'pem', type: 'pkcs8' }));
  writeFileSync(inFolder(`${name}.pub`), publicKey.export({ format: 'pem', type: 'spki' }));
}

function doctor(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

/** Of a log whose files hold more than one line each, which file a seq stands in, and where. */
function placeOf(seq: number): { file: string; line: number } {
  let before = 0;
  for (let number = 1; ; number++) {
    const count = readFileSync(log(number), 'utf8').split('\n').length - 1;
    if (seq <= before + count) return { file: `00000${number}.jsonl`, line: seq - before };
    before += count;
  }
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hal9-audit-'));
  dataDir = inFolder('data');
  await append(Array.from({ length: LINES }, (_, i) => `p${i + 1}`));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('hal9 audit verify', () => {
  test('counts lines and files, and says the head', async () => {
    const head = linesOf(join(dataDir, 'audit')).at(-1);
    const ran = await audit('verify', '--json');
    expect(ran.status).toBe(0);
    expect(ran.json()).toEqual({
      files: 3,
      lines: LINES,
      firstSeq: 1,
      head: { seq: LINES, hash: head?.hash, at: head?.at },
    });
    expect((await audit('verify')).stdout).toContain(`${LINES}, seq 1 to ${LINES}, in 3 files: all in order\n`);
  });

  test.each([1, 2, 9, 12, 19, LINES])('ends with 1, the file and the line where seq %d was changed', async (seq) => {
    const { file, line } = placeOf(seq);
    doctor(join(dataDir, 'audit', file), `"name":"p${seq}"`, `"name":"q${seq}"`);
    const ran = await audit('verify');
    expect([ran.status, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toMatch(new RegExp(`^hal9: ${file} line ${line}: its bytes are not those`));
    const json = await audit('verify', '--json');
    expect([json.status, json.json()]).toEqual([
      1,
      expect.objectContaining({ damage: expect.objectContaining({ file, line }) }),
    ]);
  });

  test('finds a log that was emptied, and says where there is none', async () => {
    for (const number of [1, 2, 3]) truncateSync(log(number), 0);
    expect((await audit('verify')).stderr).toContain('there is no line at all');
    const none = await hal9(['audit', 'verify', '--data-dir', folder]);
    expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('expected the audit log of a server')]);
  });

  test('waits for a line that is being written, and tells one that stays torn', async () => {
    const whole = readFileSync(log(3));
    writeFileSync(log(3), whole.subarray(0, whole.length - 20));
    const ran = await audit('verify');
    expect([ran.status, ran.stderr]).toEqual([1, expect.stringContaining('it does not end with a line break')]);
    const waiting = audit('verify');
    setTimeout(() => writeFileSync(log(3), whole), 400);
    expect((await waiting).stderr).toBe('');
  });
});

describe('hal9 audit checkpoint', () => {
  const check = () => audit('verify', '--checkpoint', inFolder('c'), '--public-key', inFolder('op.pub'));
  beforeEach(async () => {
    writeKeys('op');
    expect((await audit('checkpoint', '--key', inFolder('op.key'), '--out', inFolder('c'))).status).toBe(0);
  });

  test('fits the log that it was made of, also when lines were added', async () => {
    expect((await check()).stdout).toContain(`the log has its line, seq ${LINES}`);
    await append(['later']);
    expect((await check()).status).toBe(0);
  });

  test('takes the public key in base64 as well', async () => {
    const der = createPublicKey(readFileSync(inFolder('op.pub'))).export({ format: 'der', type: 'spki' });
    writeFileSync(inFolder('op.pub'), `${der.subarray(-32).toString('base64')}\n`);
    expect((await check()).status).toBe(0);
  });

  test('shows that the end of a log was cut off, which the log alone does not', async () => {
    rmSync(log(3));
    expect((await audit('verify')).status).toBe(0);
    const ran = await check();
    expect([ran.status, ran.stderr]).toEqual([
      1,
      expect.stringMatching(/000002\.jsonl line \d+: the log ends here with seq \d+, the checkpoint was made at 20/),
    ]);
  });

  test('shows that a log was written anew, however well', async () => {
    rmSync(join(dataDir, 'audit'), { recursive: true });
    await append(Array.from({ length: LINES + 5 }, () => 'innocent'));
    expect((await audit('verify')).status).toBe(0);
    expect((await check()).stderr).toMatch(/line \d+: it is not the line of the checkpoint/);
  });

  test('counts only as the operator signed it', async () => {
    writeKeys('other');
    const other = await audit('verify', '--checkpoint', inFolder('c'), '--public-key', inFolder('other.pub'));
    expect([other.status, other.stderr]).toEqual([4, expect.stringContaining('KEY_UNTRUSTED')]);
    doctor(inFolder('c'), `"seq":${LINES}`, '"seq":2');
    const changed = await check();
    expect([changed.status, changed.stderr]).toEqual([4, expect.stringContaining('SIGNATURE_INVALID')]);
    writeFileSync(inFolder('c'), 'no checkpoint');
    expect((await check()).status).toBe(4);
    expect((await audit('verify', '--checkpoint', inFolder('c'))).status).toBe(2);
    expect((await audit('checkpoint', '--key', inFolder('op.pub'))).stderr).toContain(
      'expected an Ed25519 private key',
    );
  });

  test('is not made of a damaged log', async () => {
    doctor(log(2), '"actor":"operator"', '"actor":"somebody"');
    const ran = await audit('checkpoint', '--key', inFolder('op.key'));
    expect([ran.status, ran.stdout]).toEqual([1, '']);
  });
});

describe('hal9 audit export', () => {
  test('writes lines that verify by themselves', async () => {
    expect((await audit('export', '--from', '5', '--to', '12', '--out', inFolder('x.jsonl'))).status).toBe(0);
    expect((await audit('verify', inFolder('x.jsonl'), '--json')).json()).toMatchObject({ lines: 8, firstSeq: 5 });
    const all = await audit('export');
    expect(all.stdout).toBe([1, 2, 3].map((number) => readFileSync(log(number), 'utf8')).join(''));
    doctor(inFolder('x.jsonl'), '"name":"p7"', '"name":"x7"');
    expect((await audit('verify', inFolder('x.jsonl'))).stderr).toContain('x.jsonl line 3: ');
  });

  test('takes times, and a day as an end wholly', async () => {
    const today = new Date().toISOString().slice(0, 10);
    expect((await audit('export', '--to', today)).stdout.split('\n')).toHaveLength(LINES + 1);
    expect((await audit('export', '--from', '2999-01-01')).stdout).toBe('');
    expect((await audit('export', '--from', 'yesterday')).status).toBe(2);
  });

  test('goes around damage before what is asked for, and ends at damage within it', async () => {
    doctor(log(1), '"actor":"operator"', '"actor":"somebody"');
    const later = await audit('export', '--from', String(LINES - 1));
    expect([later.status, later.stdout.split('\n').length]).toEqual([0, 3]);
    const all = await audit('export');
    expect([all.status, all.stderr]).toEqual([1, expect.stringContaining('000001.jsonl line 1: ')]);
  });
});

describe('hal9 audit tail', () => {
  test('prints the last lines for a person, or as they stand there', async () => {
    const ran = await audit('tail', '-n', '2');
    expect(ran.stdout).toMatch(
      /^19 \S+Z plugin\.activate by operator: p19 1\.0\.0 \(p-1\) digest=ab\n20 \S+Z [^\n]+\n$/,
    );
    const text = [1, 2, 3].map((number) => readFileSync(log(number), 'utf8')).join('');
    expect((await audit('tail', '-n', '15', '--json')).stdout).toBe(text.split('\n').slice(-16).join('\n'));
  });

  test('shows a damaged line as such', async () => {
    doctor(log(3), `"name":"p${LINES}"`, '"name":"\u001b[31m"');
    expect((await audit('tail', '-n', '1')).stdout).toMatch(/^DAMAGED \{"seq":20,.*\\u001b\[31m/);
  });

  test('follows the log into its next file', async () => {
    const args = [resolve('dist/src/cli/hal9.js'), 'audit', 'tail', '-n', '1', '--follow', '--data-dir', dataDir];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const seen: string[] = [];
    const more = Array.from({ length: 15 }, (_, i) => `n${i}`);
    for await (const line of createInterface(child.stdout)) {
      seen.push(line.split(' ')[0] ?? '');
      if (seen.length === 1) await append(more);
      if (seen.length === more.length + 1) child.kill();
    }
    expect(seen).toEqual(Array.from({ length: more.length + 1 }, (_, i) => String(LINES + i)));
    expect(placeOf(LINES + more.length).file).not.toBe('000003.jsonl');
  });
});
