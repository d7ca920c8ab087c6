import { describe, expect, it } from 'vitest';
import { PluginRoots } from '../../../../src/host/files/plugin-roots.js';

const roots = new PluginRoots(
  'me',
  [
    { path: '/data', directory: '/srv/data' },
    { path: '/data/deep', directory: '/srv/deep' },
    { path: '/mine', directory: '/srv/all' },
    { path: '/mine', directory: '/srv/mine', plugin: 'me' },
    { path: '/other', directory: '/srv/other', plugin: 'another' },
  ],
  '/var/scratch',
);

describe('PluginRoots', () => {
  it.each([
    ['/data/a/b', '/srv/data', 'a/b'],
    ['/data', '/srv/data', ''],
    ['/data/deep/x', '/srv/deep', 'x'],
    ['/data/deeper', '/srv/data', 'deeper'],
    ['/mine/x', '/srv/mine', 'x'],
    ['/scratch/x', '/var/scratch/me', 'x'],
  ])('finds %s in %s', (path, directory, rest) => {
    const found = roots.find(path);
    expect([found?.root.directory, found?.path.join('/')]).toEqual([directory, rest]);
  });

  it.each(['/other/x', '/database', '/', '/srv/data'])('finds nothing for %s', (path) => {
    expect(roots.find(path)).toBeUndefined();
  });

  it('opens the outermost directories of what is asked for, and what is mapped within', () => {
    const asked = [
      { FileRead: '/data/a/b' },
      { FileWrite: '/data/a' },
      { FileRead: '/data/c/' },
      { FileRead: '/other' },
    ];
    expect(roots.directories(asked)).toEqual(['/data/a', '/data/c']);
    expect(roots.directories([{ FileRead: '/' }])).toEqual(['/data', '/mine', '/scratch']);
    expect(roots.directories(['SystemTime', { FileCreate: '/scratch' }])).toEqual(['/scratch']);
  });

  it('tells what no directory is behind', () => {
    const permissions = [{ FileRead: '/data/a' }, { FileWrite: '/other' }, 'SystemTime' as const, { FileRead: '/' }];
    expect(roots.withoutRoot(permissions)).toEqual([{ FileWrite: '/other' }]);
    const none = new PluginRoots('me', [], '/var/scratch');
    expect(none.withoutRoot([{ FileRead: '/' }, { FileRead: '/scratch' }])).toEqual([{ FileRead: '/' }]);
  });
});
