import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { permissionSchema } from '../../src/permissions.js';
import { callerOf, denialsOf, everything, Filer, MappedFolder, SERVES_FILES } from '../harness/filer.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

/** Errors as Rust's standard library tells them. */
const ACCES = 'PermissionDenied 2';
const PERM = 'PermissionDenied 63';
const LOOP = /Loop 32$|Uncategorized 32$/;

/** For lines of the audit log. */
const WAIT_MS = 10_000;

let server: ServerProcess;
let client: Client;
const mapped = new MappedFolder((folder) => [{ path: '/data', directory: join(folder, 'data') }]);
const host = (...path: string[]): string => mapped.join('data', ...path);
const text = (...path: string[]): string => readFileSync(host(...path), 'utf8');

beforeAll(async () => {
  for (const name of ['data', 'data/in', 'data/secret']) mkdirSync(mapped.join(name));
  writeFileSync(mapped.join('outside.txt'), 'outside of every root');
  writeFileSync(host('in/a.txt'), 'from the host');
  writeFileSync(host('secret/key'), 'nobody may read this');
  server = await ServerProcess.start({ flags: mapped.flags, dataDir: mapped.join('server') });
  client = server.connect(60_000);
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
  mapped.remove();
});

const install = (name: string, asks: readonly unknown[], more = {}): Promise<Filer> =>
  Filer.install(client, { name, asks, ...more });

describe.skipIf(!SERVES_FILES)('files', () => {
  test('that are open are used for others as far as these may, and for the plugin itself as ever', async () => {
    for (const name of ['shared', 'own', 'own/made']) mkdirSync(host(name), { recursive: true });
    writeFileSync(host('shared/f'), 'shared');
    writeFileSync(host('own/f'), 'its own');
    const deputy = await install('deputy', everything('/data'));
    const asks = [{ FileRead: '/data/shared' }, { FileCreate: '/data/own/made' }, { PluginCall: idOf('deputy') }];
    const caller = await install('caller', asks, { module: callerOf('deputy') });
    const opened = ['shared', 'own'].map((name) => ['open', name, `/data/${name}/f`, 'rw'] as const);
    expect(await deputy.run(...opened)).toEqual([null, null]);
    expect(
      await caller.run(
        ['get', 'own', 100],
        ['fstat', 'own'],
        ['seek_end', 'own'],
        ['set_len', 'own', 0],
        ['put', 'own', 'x'],
        ['put', 'shared', 'x'],
        ['set_len', 'shared', 0],
        ['fstat', 'shared'],
        ['get', 'shared', 100],
        // What is made in this call is written until it is closed.
        ['create_new', '/data/own/made/f', 'made'],
        ['close', 'shared'],
      ),
    ).toEqual([...Array<string>(7).fill(ACCES), expect.objectContaining({ size: 6 }), 'shared', null, null]);
    expect([text('shared/f'), text('own/f'), text('own/made/f')]).toEqual(['shared', 'its own', 'made']);
    await vi.waitFor(() => {
      const log = readFileSync(join(server.dataDir, 'audit/000001.jsonl'), 'utf8');
      const line = log.split('\n').find((each) => each.includes('"deputy"') && each.includes('"/data/own/f"'));
      expect(JSON.parse(line ?? '{}')).toMatchObject({ details: { of: 'files.read', for: '["caller"]' } });
    }, WAIT_MS);
    // Its present place counts.
    renameSync(host('own/f'), host('shared/g'));
    expect(await caller.run(['get', 'own', 3])).toEqual(['its']);
    expect(await deputy.run(['get', 'own', 100], ['set_len', 'own', 1])).toEqual([' own', null]);
  });

  test('are not moved to where something below them is denied', async () => {
    const denies = [{ FileCreate: '/data/target/denied' }];
    const filer = await install('mover', everything('/data'), { denies });
    expect(
      await filer.run(
        ['mkdirs', '/data/z/denied/hooks'],
        ['create_new', '/data/z/denied/hooks/run', ''],
        ['rename', '/data/z', '/data/target'],
        ['mkdirs', '/data/target'],
        ['rename', '/data/z/denied', '/data/target/denied'],
        ['rename', '/data/z/denied', '/data/target/allowed'],
      ),
    ).toEqual([null, null, ACCES, null, ACCES, null]);
    const writes = await install('mover-write', everything('/data'), { denies: [{ FileWrite: '/data/to/denied' }] });
    expect(await writes.run(['rename', '/data/target', '/data/to']), 'FileWrite').toEqual([ACCES]);
  });

  test('that no permission can name are refused, and their use is told all the same', async () => {
    const filer = await install('odd-names', [{ FileRead: '/data' }]);
    const names = ['a\nb', 'a\\b', 'a\u007f', 'n'.repeat(255)];
    const tries = names.map((name) => ['write', `/data/${name}`, ''] as const);
    expect(await filer.run(...tries)).toEqual(names.map(() => ACCES));
    const { permissions } = await client.setPluginGrants('odd-names', { deny: ['"SystemTime"'] });
    const used = permissions?.used.map(({ permission, refused }) => [permission, refused]);
    expect(used).toContainEqual(['{"FileWrite":"/data"}', '3']);
    for (const [permission = ''] of used ?? [])
      expect(() => permissionSchema.parse(JSON.parse(permission))).not.toThrow();
  });

  test('are those of a permission without the slash that a path begins with', async () => {
    const asks = [{ FileRead: 'data' }, { FileRead: 'scratch' }, { FileCreate: '/scratch' }];
    const filer = await install('relative', asks, { denies: [{ FileRead: 'data/secret/' }] });
    expect(
      await filer.run(
        ['read', '/data/secret/key'],
        ['read', '/data/in/a.txt'],
        ['create_new', '/scratch/f', 'own'],
        ['read', '/scratch/f'],
      ),
    ).toEqual([ACCES, 'from the host', null, 'own']);
    const { permissions } = await client.getPluginPermissions('relative');
    expect(permissions).toMatchObject({ withoutRoot: [], denied: ['{"FileRead":"/data/secret"}'] });
  });

  test('have no links, pipes or second names that lead anywhere', async () => {
    symlinkSync('../../outside.txt', host('in/relative'));
    symlinkSync('a.txt', host('in/inside'));
    symlinkSync(mapped.path, host('in/up'));
    linkSync(mapped.join('outside.txt'), host('in/hard'));
    const filer = await install('links', [...everything('/data')]);
    const answers = await filer.run(
      ['read', '/data/in/relative'],
      ['read', '/data/in/inside'],
      ['read', '/data/in/up/outside.txt'],
      ['write', '/data/in/relative', 'x'],
      ['list', '/data/in/up'],
      ['read', '/data/in/hard'],
      ['lstat', '/data/in/up'],
      ['readlink', '/data/in/up'],
      ['rm', '/data/in/up'],
    );
    for (const answer of answers.slice(0, 5)) expect(answer).toMatch(LOOP);
    expect(answers.slice(5)).toEqual([PERM, { kind: 'symlink', size: expect.any(Number), modified_ms: 0 }, PERM, null]);
    expect(readFileSync(mapped.join('outside.txt'), 'utf8')).toBe('outside of every root');
    execFileSync('mkfifo', [host('in/pipe')]);
    const others = await filer.run(
      ['read', '/data/in/pipe'],
      ['read', '/data/in/../../outside.txt'],
      ['rename', '/data/in/relative', '/data/in/moved'],
    );
    expect(others).toEqual([PERM, PERM, PERM]);
    // Each is a refusal like one for want of a permission: counted as such, and told to whoever audits.
    const of = `plugin="${idOf('links')}"`;
    const counted = (await server.metrics())
      .split('\n')
      .filter((line) => line.includes(`${of},op="files.open",decision="denied"`));
    expect(counted).toEqual([expect.stringMatching(/ 8$/)]);
    await expect
      .poll(() => denialsOf(server, 'links'))
      .toEqual([
        ['files.open', 'link', '/data/in/relative'],
        ['files.open', 'link', '/data/in/inside'],
        ['files.open', 'link', '/data/in/up/outside.txt'],
        ['files.open', 'link', '/data/in/relative'],
        ['files.open', 'link', '/data/in/up'],
        ['files.open', 'hard-link', '/data/in/hard'],
        ['files.open', 'special', '/data/in/pipe'],
        ['files.open', 'outside', '/data/in/../../outside.txt'],
        ['files.rename', 'link', '/data/in/relative to /data/in/moved'],
      ]);
  });
});
