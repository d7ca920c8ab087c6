import { describe, expect, test } from 'vitest';
import type { Permission } from '../../../src/permissions.js';
import { covers, hostMatches } from '../../../src/sandbox/coverage.js';
import { givenParts, permissionJson } from '../../../src/sandbox/permission-parts.js';
import { effective, holds, permits, type Sheet } from '../../../src/sandbox/permitted.js';
import { versionLine } from '../../../src/sandbox/version-line.js';
import { Random } from '../../fuzz/random.js';
import { anyPermissions, singles } from './permissions.js';

type Permissions = readonly Permission[];

const sheet = (asked: Permissions, granted: Permissions, denied: Permissions = []): Sheet => ({
  asked,
  granted,
  denied,
});
/** What both lists are about. */
const common = (a: Permissions, b: Permissions, denied?: Permissions): string[] =>
  effective(sheet(a, b, denied)).map(permissionJson);
const isAsked = (asked: Permissions, permission: Permission): boolean =>
  asked.some((each) => covers(givenParts(each), givenParts(permission)));
const http = (hosts: string[]): Permission => ({ NetworkHttp: { hosts } });
const https = (hosts: string[], ports?: number[]): Permission => ({
  NetworkHttps: ports === undefined ? { hosts } : { hosts, ports },
});

describe('versionLine', () => {
  test.each([
    ['1.0.0', '1'],
    ['1.9.3', '1'],
    ['12.0.1-beta.2', '12'],
    ['0.3.1', '0.3'],
    ['0.3.9+build.7', '0.3'],
    ['0.0.5', '0.0'],
  ])('of %s is %s', (version, line) => expect(versionLine(version)).toBe(line));
});

describe('hostMatches', () => {
  test.each([
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', '*.b.example.com', true],
    ['*.example.com', '*.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'badexample.com', false],
    ['*.example.com', 'a.example.com.evil.test', false],
    ['a.example.com', '*.example.com', false],
    ['example.com', 'example.com', true],
    ['*.0.0.1', '127.0.0.1', false],
    ['*.0.0.1', '0x7f.0.0.1', false],
    ['[::1]', '[::1]', true],
  ])('%s and %s: %s', (pattern, host, matches) => expect(hostMatches(pattern, host)).toBe(matches));
});

describe('effective', () => {
  test.each<[string, Permission[], Permission[], Permission[], Permission[]]>([
    ['nothing when nothing is granted', ['SystemTime'], [], [], []],
    ['nothing when nothing is asked for', [], ['SystemTime'], [], []],
    ['what is asked for and granted', ['SystemTime', 'SystemRandom'], ['SystemTime'], [], ['SystemTime']],
    ['not what is denied', ['SystemTime'], ['SystemTime'], ['SystemTime'], []],
    ['one variable, not another', [{ SystemEnv: 'HOME' }], [{ SystemEnv: 'PATH' }], [], []],
    ['the narrower hosts', ['NetworkHttps'], [https(['a.test'])], [], [https(['a.test'])]],
    ['the hosts that are asked for', [https(['a.test'])], ['NetworkHttps'], [], [https(['a.test'])]],
    ['a host of a granted pattern', [https(['a.x.test', 'x.test'])], [https(['*.x.test'])], [], [https(['a.x.test'])]],
    ['a granted host of an asked pattern', [https(['*.x.test'])], [https(['a.x.test'])], [], [https(['a.x.test'])]],
    ['nothing of other hosts', [https(['a.test'])], [https(['b.test'])], [], []],
    ['nothing of an empty list', ['NetworkHttps'], [https([])], [], []],
    ['nothing of another protocol', ['NetworkHttp'], ['NetworkHttps'], [], []],
    [
      'the common ports',
      [https(['a.test'], [443, 8443])],
      [https(['a.test'], [8443, 9000])],
      [],
      [https(['a.test'], [8443])],
    ],
    [
      "the protocol's own port where none is named",
      [https(['a.test'], [443, 8443])],
      ['NetworkHttps'],
      [],
      [https(['a.test'])],
    ],
    ['hosts without regard to case', [https(['A.Test'])], [https(['a.test'])], [], [https(['a.test'])]],
    [
      'less the hosts that are denied',
      [https(['a.test', 'b.test'])],
      ['NetworkHttps'],
      [https(['b.test'])],
      [https(['a.test'])],
    ],
    [
      'nothing where all hosts are denied',
      [https(['a.test'], [8443])],
      [https(['a.test'], [8443])],
      ['NetworkHttps'],
      [],
    ],
    [
      'a file below a granted folder',
      [{ FileRead: '/data/x' }],
      [{ FileRead: '/data' }],
      [],
      [{ FileRead: '/data/x' }],
    ],
    [
      'a granted folder below the one asked for',
      [{ FileRead: '/data' }],
      [{ FileRead: '/data/x' }],
      [],
      [{ FileRead: '/data/x' }],
    ],
    ['not a folder that begins alike', [{ FileRead: '/database' }], [{ FileRead: '/data' }], [], []],
    ['not writing for reading', [{ FileWrite: '/data' }], [{ FileRead: '/data' }], [], []],
    [
      'folders with or without a slash at the end',
      [{ FileRead: '/data/' }],
      [{ FileRead: '/data' }],
      [],
      [{ FileRead: '/data' }],
    ],
    [
      'an address beside any host',
      ['NetworkHttp'],
      [http(['10.0.0.1']), 'NetworkHttp'],
      [],
      ['NetworkHttp', http(['10.0.0.1'])],
    ],
    ['not an address that is denied', ['NetworkHttp'], [http(['10.0.0.1'])], [http(['10.0.0.1'])], []],
    ['no address of a grant for any host', [http(['[::1]', 'a.test'])], ['NetworkHttp'], [], [http(['a.test'])]],
    ['a public address of it', [http(['93.184.216.34'])], ['NetworkHttp'], [], [http(['93.184.216.34'])]],
    [
      'an address once, where it was asked for and granted',
      ['NetworkHttp', http(['10.0.0.1', 'a.test'])],
      [http(['10.0.0.1', 'a.test'])],
      [],
      [http(['10.0.0.1', 'a.test'])],
    ],
    ['nothing below a denied folder', [{ FileRead: '/data/x' }], [{ FileRead: '/' }], [{ FileRead: '/data' }], []],
  ])('is %s', (_what, asked, granted, denied, expected) => {
    expect(effective(sheet(asked, granted, denied))).toEqual(expected);
  });
});

describe('permits', () => {
  test('asks the denials too, where a pattern is denied in part', () => {
    const given = sheet([https(['*.x.test'])], ['NetworkHttps'], [https(['a.x.test'])]);
    expect(permits(given, https(['a.x.test']))).toBe(false);
    expect(permits(given, https(['b.x.test']))).toBe(true);
    expect(permits(given, https(['b.x.test'], [8443]))).toBe(false);
    const files = sheet([{ FileRead: '/data' }], [{ FileRead: '/data' }], [{ FileRead: '/data/secret' }]);
    expect(permits(files, { FileRead: '/data/secret/key' })).toBe(false);
    expect(permits(files, { FileRead: '/data/open' })).toBe(true);
  });
});

describe('holds', () => {
  test('is true of an address that was granted by its name alone', () => {
    expect(holds(sheet(['NetworkHttp'], ['NetworkHttp']), http(['10.0.0.1']))).toBe(false);
    expect(holds(sheet(['NetworkHttp'], ['NetworkHttp', http(['10.0.0.1'])]), http(['10.0.0.1']))).toBe(true);
    expect(holds(sheet(['NetworkHttp'], ['NetworkHttp']), http(['a.test']))).toBe(true);
  });
});

describe('for whatever is asked for, granted and denied', () => {
  const SEED = 20_261_122;
  const random = new Random(SEED);
  const cases = Array.from({ length: 3_000 }, () =>
    sheet(anyPermissions(random, 4), anyPermissions(random, 4), anyPermissions(random, 2)),
  );

  test('what is effective was asked for and granted, and no denial takes it in', () => {
    const all = cases.flatMap((each) => effective(each).map((permission) => ({ ...each, permission })));
    expect(all.length).toBeGreaterThan(500);
    const wrong = all.filter(({ asked, granted, denied, permission }) => {
      const itself = permissionJson(permission);
      const within = isAsked(asked, permission) && common([permission], granted).includes(itself);
      return !within || common([permission], [permission], denied).length === 0;
    });
    expect(wrong.slice(0, 2)).toEqual([]);
  });

  test('each single thing is permitted exactly where it is asked for, granted and not denied', () => {
    const things = singles();
    let permitted = 0;
    const wrong = cases.flatMap(({ asked, granted, denied }) =>
      things.filter(({ within, given, held }) => {
        const isGiven = (list: Permissions): boolean => list.some((each) => given(each));
        const denies = denied.some((each) => within(each, true));
        const expected = asked.some((each) => within(each)) && isGiven(granted) && !denies;
        if (expected) permitted++;
        const listed = isGiven(effective({ asked, granted, denied }));
        return held({ asked, granted, denied }) !== expected || (denies ? false : listed !== expected);
      }),
    );
    expect(wrong.slice(0, 2)).toEqual([]);
    expect(permitted).toBeGreaterThan(500);
  });

  test('a denial of everything leaves nothing, and an empty grant gives nothing', () => {
    const left = cases.filter(
      ({ asked, granted }) => common(asked, granted, asked).length + common(asked, []).length > 0,
    );
    expect(left).toEqual([]);
  });
});
