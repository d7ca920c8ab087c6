import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/package/manifest.js';
import type { Permission } from '../../../src/permissions.js';
import { PluginGrants } from '../../../src/plugin/plugin-grants.js';
import { ConfiguredGrants } from '../../../src/sandbox/configured-grants.js';
import type { Rule } from '../../../src/sandbox/decisions.js';
import { Random } from '../../fuzz/random.js';
import { idOf } from '../../harness/wat-plugin.js';
import { anyPermission, anyPermissions, singles } from '../sandbox/permissions.js';

const grantsOf = (asked: readonly Permission[], rule: Rule): PluginGrants => {
  const metadata = { id: idOf('asking'), version: '1.0.0', requirements: { required_permissions: asked } };
  return PluginGrants.of(
    { metadata } as unknown as Manifest,
    {},
    new ConfiguredGrants({ '*': { grant: [...rule.grant], deny: [...rule.deny] } }),
  );
};

describe('the fingerprint of grants', () => {
  test('differs wherever a change of a rule lets the plugin do something else', () => {
    const random = new Random(11);
    const things = singles();
    const wrong: unknown[] = [];
    let changed = 0;
    for (let i = 0; i < 1_000; i++) {
      const asked = anyPermissions(random, 3);
      const [grant, deny] = [anyPermissions(random, 3), anyPermissions(random, 2)];
      const more = anyPermission(random);
      const before = grantsOf(asked, { grant, deny });
      const rules = [
        { grant: [...grant, more], deny },
        { grant, deny: [...deny, more] },
        { grant: grant.slice(1), deny },
        { grant, deny: [...deny.slice(1), more] },
      ];
      for (const after of rules.map((rule) => grantsOf(asked, rule))) {
        if (things.every(({ held }) => held(before.sheet) === held(after.sheet))) continue;
        changed++;
        if (before.fingerprint === after.fingerprint) wrong.push([before.sheet, after.sheet]);
      }
    }
    expect(wrong.slice(0, 2)).toEqual([]);
    expect(changed).toBeGreaterThan(200);
  });

  test('tells a denial of all ports from one of the own port', () => {
    const asked: Permission[] = [{ NetworkHttp: { hosts: ['*.x.test'], ports: [80, 8080] } }];
    const denying = (ports?: number[]): PluginGrants =>
      grantsOf(asked, { grant: asked, deny: [{ NetworkHttp: { hosts: ['a.x.test'], ...(ports && { ports }) } }] });
    expect(denying().fingerprint).not.toBe(denying([80]).fingerprint);
  });
});
