import { describe, expect, it } from 'vitest';
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

  it('of a plugin that works for another are what both have', () => {
    const all = fileRights({ asked, granted: asked, denied: [{ FileRead: '/data/w' }] }, () => {});
    const both = commonFileRights([fileRights(sheet, () => {}), all]);
    expect([both.at('FileRead', '/data/a'), both.at('FileRead', '/data/w')]).toEqual([true, false]);
    expect(both.at('FileCreate', '/data/a')).toBe(false);
    expect(both.denied).toEqual(['/data/secret', '/data/w']);
  });
});
