import { describe, expect, test } from 'vitest';
import type { Permission } from '../../../src/permissions.js';
import { permissionJson } from '../../../src/sandbox/permission-parts.js';
import {
  permissionMeaning,
  permissionText,
  permissionWord,
  readPermission,
} from '../../../src/sandbox/permission-text.js';
import { permissionsOfImport } from '../../../src/sandbox/reach.js';
import { undecidedMessage } from '../../../src/sandbox/undecided-message.js';
import { Random } from '../../fuzz/random.js';
import { anyPermission } from './permissions.js';

describe('readPermission', () => {
  test.each<[string, Permission]>([
    ['SystemTime', 'SystemTime'],
    ['"SystemTime"', 'SystemTime'],
    ['SystemEnv=HOME', { SystemEnv: 'HOME' }],
    ['FileRead=/a=b', { FileRead: '/a=b' }],
    ['{"NetworkHttps":{"hosts":["*.x.test"],"ports":[443]}}', { NetworkHttps: { hosts: ['*.x.test'], ports: [443] } }],
  ])('reads %s', (text, permission) => expect(readPermission(text, 'here')).toEqual(permission));

  test.each([
    '',
    'Root',
    'SystemEnv',
    'SystemEnv=',
    'SystemTime=1',
    '{"SystemEnv":"A","FileRead":"/"}',
    '[]',
    '{',
    'null',
  ])('refuses %j', (text) => {
    const refused = expect.objectContaining({ reason: 'REQUEST_INVALID', message: expect.stringMatching(/^here: /) });
    expect(() => readPermission(text, 'here')).toThrow(refused as Error);
  });

  test.each(['Foo', 'Foo=1', '{"Foo":"x"}'])('names every permission for %s', (text) => {
    const named =
      /expected a permission, one of NetworkHttp, .*SystemTime.*; or with .*SystemEnv, PluginCall, Hal9SharedMemory; found .*Foo/;
    const refused = expect.objectContaining({ message: expect.stringMatching(named) });
    expect(() => readPermission(text, '--grant')).toThrow(refused as Error);
  });

  test('reads what permissionText writes, and permissions that mean the same have the same JSON', () => {
    const random = new Random(3);
    const all = Array.from({ length: 500 }, () => anyPermission(random));
    const again = all.map((permission) => readPermission(permissionText(permission), 'here'));
    expect(again.map(permissionJson)).toEqual(all.map(permissionJson));
    const same: Permission[] = [
      { NetworkHttp: { hosts: ['B.test', 'a.test', 'b.test'], ports: [80] } },
      { NetworkHttp: { hosts: ['a.test', 'b.test'] } },
    ];
    expect(new Set(same.map(permissionJson)).size).toBe(1);
    expect(permissionJson({ NetworkHttp: {} })).toBe('"NetworkHttp"');
  });
});

describe('permissionWord', () => {
  test('is one word of a shell', () => {
    expect(permissionWord('SystemTime')).toBe('SystemTime');
    expect(permissionWord({ NetworkHttp: { hosts: ['a.test'] } })).toBe(`'{"NetworkHttp":{"hosts":["a.test"]}}'`);
    expect(permissionWord({ FileRead: "/it's $HOME" })).toBe(`'FileRead=/it'\\''s $HOME'`);
  });
});

describe('permissionMeaning', () => {
  test('says where to', () => {
    expect(permissionMeaning({ NetworkHttps: { hosts: ['*.x.test'], ports: [8443] } })).toContain(
      '*.x.test, port 8443',
    );
    expect(permissionMeaning('NetworkTcp')).toContain('any host');
  });
});

describe('undecidedMessage', () => {
  test('fits a status, however much is asked for', () => {
    const many = Array.from({ length: 256 }, (_, i): Permission => ({ FileRead: `/${'long'.repeat(200)}/${i}` }));
    const message = undecidedMessage('p 1.0.0', many, 'hal9 plugin install PACKAGE');
    expect(message.length).toBeLessThan(1_000);
    expect(message).toContain('PACKAGE --grant-all');
  });
});

describe('permissionsOfImport', () => {
  test.each([
    ['hal9:plugin/clock@0.1.0', 'now', ['SystemTime']],
    ['hal9:plugin/logging@0.1.0', 'log', []],
    ['hal9:plugin/__proto__@0.1.0', 'x', []],
    ['wasi_snapshot_preview1', 'environ_get', ['SystemEnv']],
    ['wasi_snapshot_preview1', 'fd_write', []],
    ['wasi_snapshot_preview1', 'constructor', []],
    ['env', 'clock_time_get', []],
  ])('of %s %s', (module, name, permissions) => expect(permissionsOfImport(module, name)).toEqual(permissions));
});
