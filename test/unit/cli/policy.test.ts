import { describe, expect, test } from 'vitest';
import { deniedNow, type Policy, policyLines, policyOf } from '../../../src/cli/policy.js';
import type { Permission } from '../../../src/permissions.js';
import { effective, permits } from '../../../src/sandbox/permitted.js';

const plugin = { id: 'one', name: 'scraper', version: '1.0.0' };
const http = (hosts: string[], ports?: number[]): Permission => ({ NetworkHttp: { hosts, ...(ports && { ports }) } });
const record = (asked: readonly Permission[], tried: readonly Permission[]): Policy =>
  policyOf({
    plugin,
    asked: asked.map((each) => JSON.stringify(each)),
    tried: tried.map((each) => JSON.stringify(each)),
  });
const rule = ({ grants }: Policy): { grant: Permission[]; deny: Permission[] } =>
  grants['one'] ?? { grant: [], deny: [] };

describe('policyOf', () => {
  test.each<[string, Permission[], Permission[], Permission[], Permission[], unknown[]]>([
    [
      'the hosts that were tried of any host',
      ['NetworkHttp', 'NetworkHttps', 'SystemTime'],
      [http(['example.com'], [80]), http(['a.test'], [80]), { NetworkHttps: { hosts: ['example.org'], ports: [443] } }],
      [http(['a.test', 'example.com']), { NetworkHttps: { hosts: ['example.org'] } }],
      ['SystemTime'],
      [],
    ],
    [
      'an address, with nothing against any host',
      ['NetworkHttp'],
      [http(['127.0.0.1'])],
      [http(['127.0.0.1'])],
      [],
      [],
    ],
    [
      'addresses that are not public by themselves',
      ['NetworkHttp'],
      [http(['a.test']), http(['[::1]']), http(['93.184.216.34'])],
      [http(['93.184.216.34', 'a.test']), http(['[::1]'])],
      [],
      [],
    ],
    [
      'no port that is not asked for',
      ['NetworkHttp'],
      [http(['a.test'], [8080])],
      [],
      ['NetworkHttp'],
      [http(['a.test'], [8080])],
    ],
    [
      'ports apart, since a list is of all its hosts and ports',
      [{ NetworkHttp: { ports: [80, 8080] } }],
      [http(['a.test']), http(['b.test'], [8080])],
      [http(['a.test']), http(['b.test'], [8080])],
      [],
      [],
    ],
    [
      'hosts of a list, and denies the others',
      [http(['a.test', 'b.test'])],
      [http(['a.test'])],
      [http(['a.test'])],
      [http(['b.test'])],
      [],
    ],
    [
      'a path below the one that is asked for',
      [{ FileRead: '/data/' }, { FileWrite: '/data' }],
      [{ FileRead: '/data/x' }, { FileRead: '/etc' }],
      [{ FileRead: '/data/x' }],
      [{ FileWrite: '/data' }],
      [{ FileRead: '/etc' }],
    ],
    [
      'nothing of a name that no permission can have',
      ['NetworkHttp'],
      [http(['a!b.test'])],
      [],
      ['NetworkHttp'],
      [http(['a!b.test'])],
    ],
  ])('grants %s', (_what, asked, tried, grant, deny, notAskedFor) => {
    const policy = record(asked, tried);
    expect(rule(policy)).toEqual({ grant, deny });
    expect(policy.notAskedFor).toEqual(notAskedFor);
    const sheet = { asked, granted: grant, denied: deny };
    const strays = notAskedFor.map((each) => JSON.stringify(each));
    const given = tried.filter((each) => !strays.includes(JSON.stringify(each)));
    expect(given.every((each) => permits(sheet, each))).toBe(true);
    expect(effective(sheet)).toHaveLength(grant.length);
  });

  test('has lists as long as a permission may have', () => {
    const tried = Array.from({ length: 100 }, (_, i) => http([`h${i}.test`]));
    const { grant } = rule(record(['NetworkHttp'], tried));
    expect(grant.map((each) => (each as { NetworkHttp: { hosts: string[] } }).NetworkHttp.hosts.length)).toEqual([
      64, 36,
    ]);
  });

  test('is told of what is denied at present of it', () => {
    const policy = record(['NetworkHttp', 'SystemTime'], [http(['a.test']), 'SystemTime']);
    expect(deniedNow(policy, ['"NetworkHttp"'])).toEqual([http(['a.test'])]);
  });

  test('is written with a warning beside an address that is not public', () => {
    const lines = policyLines(plugin, record(['NetworkHttp'], [http(['169.254.169.254']), http(['a.test'])]));
    expect(lines.filter((line) => line.includes('# not public'))).toEqual([
      expect.stringMatching(/^ {6}- {"NetworkHttp":{"hosts":\["169.254.169.254"\]}} # not public/),
    ]);
  });
});
