import { describe, expect, it } from 'vitest';
import { type Permission, permissionSchema } from '../../../src/permissions.js';
import { commonFileRights, fileRights } from '../../../src/sandbox/file-rights.js';

const asked = [{ FileRead: '/data' }, { FileWrite: '/data/w' }, { FileCreate: '/data' }];
const sheet = {
  asked,
  granted: [{ FileRead: '/' }, { FileWrite: '/data' }],
  denied: [{ FileRead: '/data/secret' }],
};

describe('fileRights', () => {
  it('are what is asked for, granted, and not denied', () => {
    const rights = fileRights(sheet, () => {});
    expect(rights.at('FileRead', '/data/a')).toBe(true);
    expect(rights.at('FileRead', '/database')).toBe(false);
    expect(rights.at('FileWrite', '/data/w/a')).toBe(true);
    expect(rights.at('FileWrite', '/data/a')).toBe(false);
    expect(rights.at('FileCreate', '/data/a')).toBe(false);
    expect(rights.at('FileRead', '/data/secret/key')).toBe(false);
  });

  it('tell a directory from all that is in it', () => {
    const rights = fileRights(sheet, () => {});
    expect([rights.at('FileRead', '/data'), rights.whole('FileRead', '/data')]).toEqual([true, false]);
    expect([rights.whole('FileRead', '/data/a'), rights.whole('FileRead', '/data/secret')]).toEqual([true, false]);
    expect([rights.some('FileWrite', '/data'), rights.some('FileWrite', '/data/a')]).toEqual([true, false]);
  });

  it('count what is tried as the permission that is asked for', () => {
    const used: [string, boolean][] = [];
    const rights = fileRights(sheet, (permission, permitted) => used.push([JSON.stringify(permission), permitted]));
    for (const path of ['/data/a', '/data/secret/x', '/elsewhere']) rights.tried('FileRead', path);
    expect(used).toEqual([
      ['{"FileRead":"/data"}', true],
      ['{"FileRead":"/data"}', false],
      ['{"FileRead":"/elsewhere"}', false],
    ]);
  });

  it('count what no permission can name as one that is above it', () => {
    const used: Permission[] = [];
    const rights = fileRights(sheet, (permission) => used.push(permission));
    const names = ['a\nb', 'a\tb', 'a\u007f', 'a\\b/c', 'a\u0085', 'n'.repeat(1_024), 'a\u2028', '...', 'a b'];
    for (const name of names) rights.tried('FileWrite', `/ro/${name}`);
    rights.tried('FileWrite', '/a\nb/c');
    rights.tried('FileRead', '/data/a\nb');
    const above = Array<object>(6).fill({ FileWrite: '/ro' });
    const named = [{ FileWrite: '/ro/a\u2028' }, { FileWrite: '/ro/...' }, { FileWrite: '/ro/a b' }];
    expect(used).toEqual([...above, ...named, { FileWrite: '/' }, { FileRead: '/data' }]);
    for (const permission of used) expect(permissionSchema.safeParse(permission).success).toBe(true);
  });

  it('of a plugin that works for another are what both have', () => {
    const all = fileRights({ asked, granted: asked, denied: [{ FileRead: '/data/w' }] }, () => {});
    const both = commonFileRights([fileRights(sheet, () => {}), all]);
    expect([both.at('FileRead', '/data/a'), both.at('FileRead', '/data/w')]).toEqual([true, false]);
    expect(both.at('FileCreate', '/data/a')).toBe(false);
    expect(both.denied).toEqual(['/data/secret', '/data/w']);
  });
});
