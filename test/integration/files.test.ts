import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { FILE_LIMITS } from '../../src/limits/files.js';
import { QUOTAS } from '../../src/limits/quotas.js';
import { denialsOf, everything, Filer, MappedFolder, SERVES_FILES } from '../harness/filer.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

/** Errors as Rust's standard library tells them. */
const ACCES = 'PermissionDenied 2';
const PERM = 'PermissionDenied 63';
const NOENT = 'NotFound 44';
const EXIST = 'AlreadyExists 20';
const EMPTY = 'Uncategorized 55';
const DQUOT = /19$/;

/** For lines of the audit log. */
const WAIT_MS = 10_000;

let server: ServerProcess;
let client: Client;
const mapped = new MappedFolder((folder) => [
  { path: '/data', directory: join(folder, 'data') },
  { path: '/data', directory: join(folder, 'its-own'), plugin: idOf('special') },
]);
const options = { flags: mapped.flags, dataDir: mapped.join('server') };
const host = (...path: string[]): string => mapped.join('data', ...path);
const text = (...path: string[]): string => readFileSync(host(...path), 'utf8');

beforeAll(async () => {
  for (const name of ['data', 'its-own', 'data/in', 'data/secret', 'data/out']) mkdirSync(mapped.join(name));
  writeFileSync(mapped.join('its-own/a.txt'), 'for one plugin alone');
  writeFileSync(host('in/a.txt'), 'from the host');
  writeFileSync(host('secret/key'), 'nobody may read this');
  server = await ServerProcess.start(options);
  client = server.connect(60_000);
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
  mapped.remove();
});

const install = (name: string, asks: readonly unknown[], more = {}): Promise<Filer> =>
  Filer.install(client, { name, asks, ...more });

describe.skipIf(!SERVES_FILES)('files of a root', () => {
  test("are Rust's std::fs as it is", async () => {
    const filer = await install('rust', [...everything('/data'), 'SystemTime']);
    expect(await filer.run(['read', '/data/in/a.txt'], ['write', '/data/b.txt', 'hello'])).toEqual([
      'from the host',
      null,
    ]);
    expect(text('b.txt')).toBe('hello');
    expect(
      await filer.run(
        ['append', '/data/b.txt', ' there'],
        ['read', '/data/b.txt'],
        ['create_new', '/data/b.txt', ''],
        ['create_new', '/data/c.txt', 'new'],
        ['mkdirs', '/data/x/y/z'],
        ['mkdir', '/data/x'],
        ['rename', '/data/c.txt', '/data/x/y/c.txt'],
        ['list', '/data/x/y'],
        ['stat', '/data/x/y/c.txt'],
        ['copy', '/data/x/y/c.txt', '/data/x/copy'],
        ['rmdir', '/data/x/y'],
        ['rm', '/data/x/y/c.txt'],
        ['rm', '/data/x/y/c.txt'],
        ['rmtree', '/data/x'],
        ['stat', '/data/x'],
      ),
    ).toEqual([
      null,
      'hello there',
      EXIST,
      null,
      null,
      EXIST,
      null,
      ['c.txt', 'z/'],
      { kind: 'file', size: 3, modified_ms: expect.any(Number) },
      3,
      EMPTY,
      null,
      NOENT,
      null,
      NOENT,
    ]);
    expect(existsSync(host('x'))).toBe(false);
    const many = Array.from({ length: 300 }, (_, index) => `${String(index).padStart(3, '0')}-${'n'.repeat(40)}`);
    for (const name of many) writeFileSync(host('out', name), '');
    expect(await filer.run(['list', '/data/out'], ['rmtree', '/data/out'])).toEqual([many, null]);
    mkdirSync(host('out'));
  });

  test('are read and written where they are open', async () => {
    const filer = await install('handles', [...everything('/data'), 'SystemTime']);
    const path = '/data/handle.txt';
    expect(
      await filer.run(
        ['open', 'f', path, 'rwc'],
        ['put', 'f', 'hello world'],
        ['seek', 'f', 6],
        ['get', 'f', 100],
        ['get', 'f', 100],
        ['seek_end', 'f'],
        ['put', 'f', '!'],
        ['place', 'f'],
        ['set_len', 'f', 5],
        ['fstat', 'f'],
        ['modified', 'f', 1_000_000_000_123],
        ['sync', 'f'],
        ['stat', path],
        ['open', 'a', path, 'a'],
        ['put', 'a', '++'],
        ['put', 'a', '--'],
        ['get', 'a', 1],
        ['seek', 'f', 0],
        ['get', 'f', 100],
        ['open', 't', path, 'wt'],
        ['open', 'n', path, 'wn'],
        ['put_bytes', 'f', 3_000_000],
        ['close', 'f'],
      ),
    ).toEqual([
      null,
      null,
      6,
      'world',
      '',
      11,
      null,
      12,
      null,
      { kind: 'file', size: 5, modified_ms: expect.any(Number) },
      null,
      null,
      { kind: 'file', size: 5, modified_ms: 1_000_000_000_123 },
      null,
      null,
      null,
      'Uncategorized 8',
      0,
      'hello++--',
      null,
      EXIST,
      1_048_576,
      null,
    ]);
    // In the next call what is open still is, and it is the file that was moved.
    renameSync(host('handle.txt'), host('moved.txt'));
    expect(await filer.run(['put', 'a', 'end'], ['read', path])).toEqual([null, NOENT]);
    expect(text('moved.txt').endsWith('end')).toBe(true);
    // Another one cannot have it: a number means nothing elsewhere.
    expect(await filer.run(['open', 'd', '/data/in', 'r'], ['fstat', 'd'])).toMatchObject([
      null,
      { kind: 'directory' },
    ]);
  });

  test('may be read, changed and made apart', async () => {
    writeFileSync(host('in/b.txt'), 'b');
    const reader = await install('reader', [{ FileRead: '/data' }]);
    const kept = () => {
      const { ino, mode, nlink, size, mtimeMs, ctimeMs } = statSync(host('in/a.txt'));
      return { ino, mode, nlink, size, mtimeMs, ctimeMs };
    };
    const before = kept();
    expect(
      await reader.run(
        ['read', '/data/in/a.txt'],
        ['write', '/data/in/a.txt', 'x'],
        ['append', '/data/in/a.txt', 'x'],
        ['open', 'f', '/data/in/a.txt', 'rw'],
        ['open', 'd', '/data/in', 'r'],
        ['open_at', 'd', 'a.txt', 'f', 8, 0],
        ['rename', '/data/in/a.txt', '/data/in/c.txt'],
        ['rename', '/data/in/b.txt', '/data/in/a.txt'],
        ['rm', '/data/in/a.txt'],
        ['rmdir', '/data/in'],
        ['mkdir', '/data/new'],
        ['create_new', '/data/new.txt', ''],
        ['touch', 'd', 'a.txt', 5],
        ['link', '/data/in/a.txt', '/data/in/l.txt'],
        ['symlink_at', 'd', '../../outside.txt', 'l.txt'],
      ),
    ).toEqual(['from the host', ACCES, ACCES, ACCES, null, ...Array<string>(8).fill(ACCES), PERM, PERM]);
    expect(kept()).toEqual(before);
    const maker = await install('maker', [{ FileCreate: '/data' }]);
    expect(
      await maker.run(
        ['create_new', '/data/out/made.txt', 'made'],
        ['write', '/data/out/made.txt', 'again'],
        ['write', '/data/out/other.txt', 'made too'],
        ['mkdir', '/data/out/dir'],
        ['read', '/data/out/made.txt'],
        ['list', '/data/out'],
        ['stat', '/data/out/made.txt'],
        ['rm', '/data/out/made.txt'],
        ['rename', '/data/out/made.txt', '/data/out/moved.txt'],
      ),
    ).toEqual([null, ACCES, null, null, ACCES, ACCES, ACCES, ACCES, ACCES]);
    expect([text('out/made.txt'), text('out/other.txt')]).toEqual(['made', 'made too']);
    const changer = await install('changer', [{ FileWrite: '/data/out' }]);
    expect(
      await changer.run(
        ['open', 'f', '/data/out/made.txt', 'w'],
        ['put', 'f', 'M'],
        ['open', 'r', '/data/out/made.txt', 'r'],
        ['write', '/data/out/new.txt', ''],
        ['rm', '/data/out/other.txt'],
        ['rmdir', '/data/out/dir'],
        ['read', '/data/in/a.txt'],
      ),
    ).toEqual([null, null, ACCES, ACCES, null, null, expect.stringContaining('44')]);
    expect([text('out/made.txt'), readdirSync(host('out'))]).toEqual(['Made', ['made.txt']]);
  });

  test('are refused where something is denied, which is counted, and told to whoever audits', async () => {
    const filer = await install('denied', everything('/data'), { denies: [{ FileRead: '/data/secret' }] });
    expect(
      await filer.run(
        ['read', '/data/secret/key'],
        ['read', '/data/in/../secret/key'],
        ['list', '/data/secret'],
        ['stat', '/data/secret'],
        // With the directory goes what is in it, to where it could be read.
        ['rename', '/data/secret', '/data/open'],
        ['rename', '/data/secret/key', '/data/open.txt'],
        ['copy', '/data/secret/key', '/data/open.txt'],
        ['open', 'd', '/data/in', 'r'],
        ['open_at', 'd', '../secret/key', 'f', 0, 0],
      ),
    ).toEqual([...Array<string>(7).fill(ACCES), null, PERM]);
    // What a directory is is decided by where it is, not by where it was opened.
    renameSync(host('in'), host('secret/in'));
    expect(await filer.run(['open_at', 'd', 'a.txt', 'f', 0, 0])).toEqual([ACCES]);
    renameSync(host('secret/in'), mapped.join('in'));
    expect(await filer.run(['open_at', 'd', 'a.txt', 'f', 0, 0])).toEqual([NOENT]);
    renameSync(mapped.join('in'), host('in'));
    expect(await filer.run(['open_at', 'd', 'a.txt', 'f', 0, 0], ['get', 'f', 4])).toEqual([null, 'from']);
    const { permissions } = await client.getPluginPermissions('denied');
    const reads = permissions?.used.find(({ permission }) => permission === '{"FileRead":"/data"}');
    expect(Number(reads?.refused)).toBeGreaterThanOrEqual(6);
    expect(Number(reads?.allowed)).toBeGreaterThanOrEqual(1);
    await vi.waitFor(() => {
      const lines = readFileSync(join(server.dataDir, 'audit/000001.jsonl'), 'utf8').split('\n');
      const denial = lines.find((line) => line.includes('"denial"') && line.includes('/data/secret/key'));
      expect(JSON.parse(denial ?? '{}')).toMatchObject({ details: { of: 'files.open', reason: 'denied' } });
      expect(denial).not.toContain(mapped.path);
    }, WAIT_MS);
  });

  test('are those that are mapped for the plugin; where none are, that is told', async () => {
    const special = await install('special', everything('/data'));
    expect(await special.run(['list', '/data'], ['read', '/data/a.txt'])).toEqual([['a.txt'], 'for one plugin alone']);
    const lost = await install('lost', [{ FileRead: '/nowhere' }, { FileRead: '/data/in' }]);
    expect(await lost.run(['read', '/nowhere/x'], ['read', '/data/in/a.txt'])).toEqual([
      expect.stringContaining('44'),
      'from the host',
    ]);
    const { permissions } = await client.getPluginPermissions('lost');
    expect(permissions?.withoutRoot).toEqual(['{"FileRead":"/nowhere"}']);
    const warning = await server.logged((entry) => entry.msg.includes('no directory is mapped'));
    expect(warning).toMatchObject({ plugin: 'lost', permissions: ['FileRead=/nowhere'] });
  });

  test('are closed with the instance that has them open', async () => {
    const filer = await install('ending', everything('/data'));
    const open = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
    // The root is opened once, for all.
    await filer.run(['read', '/data/in/a.txt']);
    const before = open();
    expect(await filer.run(['open', 'a', '/data/in/a.txt', 'r'], ['open_many', '/data/in/a.txt', 100])).toEqual([
      null,
      // Standard descriptors and roots count.
      [FILE_LIMITS.maxInstanceHandles - 2, 33],
    ]);
    await expect
      .poll(() => denialsOf(server, 'ending'))
      .toEqual(Array(2).fill(['files.open', 'limited', 'file-handles']));
    const { plugins } = await client.getPluginUsage('ending');
    const used = plugins[0]?.limits.find(({ limit }) => limit === 'file-handles');
    expect(used?.limited).toBe('2');
    expect(open()).toBeGreaterThan(before);
    await client.deactivatePlugin('ending');
    await vi.waitFor(() => expect(open()).toBeLessThanOrEqual(before), { timeout: 20_000 });
  });

  test('are not written without the fuel for it', async () => {
    const filer = await install('poor', everything('/data'));
    const bytes = 50_000;
    const write = (fuel?: number) => filer.tell([['write', '/data/poor.txt', 'x'.repeat(bytes)]], fuel);
    const all = await write();
    expect([all.outcome, text('poor.txt').length]).toEqual(['OK', bytes]);
    let [none, enough] = [0, Number(all.cost?.fuel)];
    while (enough - none > 1) {
      const budget = Math.floor((none + enough) / 2);
      writeFileSync(host('poor.txt'), '');
      await write(budget);
      const written = text('poor.txt').length;
      expect([0, bytes]).toContain(written);
      if (written === bytes) enough = budget;
      else none = budget;
    }
    // The bytes are paid for before they are written; what is left is the answer.
    expect(Number(all.cost?.fuel) - enough).toBeLessThan(bytes);
  });
});

describe.skipIf(!SERVES_FILES)('the scratch directory', () => {
  test('is a plugin of its own, which outlives instances, upgrades and the server, and goes with the plugin', async () => {
    const asks = everything('/scratch');
    const one = await install('scratch', asks);
    const other = await install('scratch-too', asks);
    expect(await one.run(['list', '/scratch'], ['mkdir', '/scratch/d'], ['write', '/scratch/d/f', 'mine'])).toEqual([
      [],
      null,
      null,
    ]);
    expect(await other.run(['list', '/scratch'])).toEqual([[]]);
    const directory = join(server.dataDir, 'scratch', idOf('scratch'));
    expect([statSync(directory).mode & 0o777, statSync(join(directory, 'd/f')).mode & 0o777]).toEqual([0o700, 0o600]);
    await client.deactivatePlugin('scratch');
    const upgraded = await install('scratch', asks, { version: '1.1.0' });
    expect(await upgraded.run(['read', '/scratch/d/f'])).toEqual(['mine']);
    mkdirSync(join(server.dataDir, 'scratch', idOf('gone'), 'left'), { recursive: true });
    client.close();
    expect(await server.stop()).toBe(0);
    server = await ServerProcess.start(options);
    client = server.connect(60_000);
    expect(readdirSync(join(server.dataDir, 'scratch')).sort()).toEqual([idOf('scratch'), idOf('scratch-too')].sort());
    await client.deactivatePlugin('scratch');
    const again = await install('scratch', asks, { version: '1.2.0' });
    expect(await again.run(['read', '/scratch/d/f'])).toEqual(['mine']);
    await again.remove();
    expect(existsSync(directory)).toBe(false);
  });

  test('holds so many bytes, and no more; what is removed makes room', async () => {
    const filer = await install('full', everything('/scratch'));
    const max = QUOTAS['scratch bytes'];
    const half = max / 2;
    const answers = await filer.run(
      ['open', 'f', '/scratch/f', 'rwc'],
      ['set_len', 'f', half],
      ['set_len', 'f', max + 1],
      ['open', 'g', '/scratch/g', 'wc'],
      ['set_len', 'g', half],
      ['append', '/scratch/f', 'x'],
      ['rm', '/scratch/g'],
      // It is there for as long as it is open.
      ['append', '/scratch/f', 'x'],
      ['close', 'g'],
      ['append', '/scratch/f', 'x'],
      ['open', 'g', '/scratch/g', 'wc'],
      ['set_len', 'g', half],
      ['set_len', 'g', half - 1],
      ['rename', '/scratch/g', '/scratch/f'],
      ['close', 'f'],
      ['close', 'g'],
      ['write', '/scratch/f', ''],
    );
    const wanted = [null, null, DQUOT, null, null, DQUOT, null, DQUOT, null, null, null, DQUOT, null, null, null, null];
    const { plugins } = await client.getPluginUsage('full');
    const used = plugins[0]?.limits.find(({ limit }) => limit === 'scratch-bytes');
    expect(used).toMatchObject({ used: '0', max: String(max), limited: expect.stringMatching(/^[1-9]/) });
    for (const [index, want] of [...wanted, null].entries()) {
      if (want instanceof RegExp) expect([index, answers[index]]).toEqual([index, expect.stringMatching(want)]);
      else expect([index, answers[index]]).toEqual([index, want]);
    }
  });
});
