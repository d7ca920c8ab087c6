/** Go's os package over files of the host, in a module as `go build` writes it: see `test/guests/files-go`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { everything, Filer, MappedFolder, SERVES_FILES } from '../harness/filer.js';
import { ServerProcess } from '../harness/server-process.js';

const GUEST = 'test/guests/files-go';
const BUILD_MS = 600_000;

const [, major = '0', minor = '0'] =
  /go(\d+)\.(\d+)/.exec(spawnSync('go', ['version'], { encoding: 'utf8' }).stdout ?? '') ?? [];
const hasGo = Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 24);
if (!hasGo) console.log('skipped: there is no Go of version 1.24 or newer here to build the guest with');

describe.skipIf(!hasGo || !SERVES_FILES)("Go's os package", () => {
  let server: ServerProcess;
  let client: Client;
  let module: Uint8Array;
  const mapped = new MappedFolder((folder) => [{ path: '/data', directory: join(folder, 'data') }]);

  beforeAll(async () => {
    const out = mapped.join('guest.wasm');
    const env = { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm', GOFLAGS: '' };
    execFileSync('go', ['build', '-buildmode=c-shared', '-o', out, '.'], { cwd: GUEST, env, stdio: 'inherit' });
    module = readFileSync(out);
    mkdirSync(mapped.join('data'));
    writeFileSync(mapped.join('data/a.txt'), 'from the host');
    symlinkSync('../guest.wasm', mapped.join('data/link'));
    server = await ServerProcess.start({ flags: mapped.flags });
    client = server.connect(60_000);
  }, BUILD_MS);
  afterAll(async () => {
    client.close();
    expect(await server.stop()).toBe(0);
    mapped.remove();
  });

  test('works as it is', async () => {
    const filer = await Filer.install(client, { name: 'go', asks: [...everything('/data'), 'SystemTime'], module });
    expect(
      await filer.run(
        ['read', '/data/a.txt'],
        ['write', '/data/b.txt', 'hello'],
        ['append', '/data/b.txt', ' there'],
        ['middle', '/data/b.txt'],
        ['create_new', '/data/b.txt', ''],
        ['truncate', '/data/b.txt', 4],
        ['modified', '/data/b.txt', 1_000_000_000_123],
        ['stat', '/data/b.txt'],
        ['mkdirs', '/data/x/y/z'],
        ['rename', '/data/b.txt', '/data/x/y/b.txt'],
        ['list', '/data/x/y'],
        ['mkdir', '/data/x'],
        ['rm', '/data/x/y'],
        ['temp', '/data/x'],
        ['rmtree', '/data/x'],
        ['read', '/data/x/y/b.txt'],
        ['list', '/data'],
      ),
    ).toEqual([
      'from the host',
      null,
      null,
      'e--o there',
      'exist 20',
      null,
      null,
      [4, false, false, 1_000_000_000_123],
      null,
      null,
      ['b.txt', 'z'],
      'exist 20',
      expect.stringContaining('55'),
      null,
      null,
      'not-exist 44',
      ['a.txt', 'link'],
    ]);
  });

  test('tells what is refused as what is not permitted', async () => {
    const reader = await Filer.install(client, { name: 'go-reader', asks: [{ FileRead: '/data' }], module });
    expect(
      await reader.run(
        ['read', '/data/a.txt'],
        ['write', '/data/a.txt', 'x'],
        ['write', '/data/new.txt', 'x'],
        ['truncate', '/data/a.txt', 0],
        ['rm', '/data/a.txt'],
        ['mkdir', '/data/new'],
        ['rename', '/data/a.txt', '/data/new.txt'],
        ['modified', '/data/a.txt', 5],
        ['symlink', '/data/a.txt', '/data/new.txt'],
        ['stat', '/data/link'],
        ['read', '/data/link'],
      ),
    ).toEqual([
      'from the host',
      ...Array<string>(7).fill('permission 2'),
      'permission 63',
      [expect.any(Number), false, true, 0],
      'other 32',
    ]);
    expect(readFileSync(mapped.join('data/a.txt'), 'utf8')).toBe('from the host');
  });
});
