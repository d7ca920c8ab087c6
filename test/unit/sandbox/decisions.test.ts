import { describe, expect, test } from 'vitest';
import type { Permission } from '../../../src/permissions.js';
import { ConfiguredGrants } from '../../../src/sandbox/configured-grants.js';
import {
  type Decisions,
  decide,
  type LineDecisions,
  NO_DECISIONS,
  NOTHING_DECIDED,
  undecided,
} from '../../../src/sandbox/decisions.js';
import { effective } from '../../../src/sandbox/permitted.js';
import { Random } from '../../fuzz/random.js';
import { anyPermission, anyPermissions, singles } from './permissions.js';

const NO_RULE = { grant: [], deny: [] };
const decisions = (parts: Partial<Decisions>): Decisions => ({ ...NO_DECISIONS, ...parts });
const http = (hosts: string[]): Permission => ({ NetworkHttp: { hosts } });
const holds = (asked: Permission[], line: LineDecisions): Permission[] =>
  effective({ asked, granted: line.grant, denied: line.deny });

describe('undecided', () => {
  test('is everything at first, and nothing once each was granted or denied', () => {
    const asked: Permission[] = ['SystemTime', { SystemEnv: 'HOME' }];
    expect(undecided(asked, NOTHING_DECIDED, NO_RULE)).toEqual(asked);
    const line = decide(NOTHING_DECIDED, asked, decisions({ grant: ['SystemTime'], deny: [{ SystemEnv: 'HOME' }] }));
    expect(undecided(asked, line, NO_RULE)).toEqual([]);
    expect(holds(asked, line)).toEqual(['SystemTime']);
  });

  test('is what an upgrade asks for besides, not what it asks for as before or less', () => {
    const line = decide(NOTHING_DECIDED, [http(['a.test', 'b.test'])], decisions({ rest: 'grant' }));
    expect(undecided([http(['a.test'])], line, NO_RULE)).toEqual([]);
    expect(undecided([http(['b.test', 'a.test'])], line, NO_RULE)).toEqual([]);
    expect(undecided([http(['a.test', 'c.test'])], line, NO_RULE)).toEqual([http(['a.test', 'c.test'])]);
    expect(undecided([{ NetworkHttp: { hosts: ['a.test'], ports: [8080] } }], line, NO_RULE)).toHaveLength(1);
  });

  test('is asked again where only a part was granted and more than was asked for then', () => {
    const asked: Permission[] = [http(['*.x.test'])];
    const line = decide(NOTHING_DECIDED, asked, decisions({ grant: [http(['a.x.test'])] }));
    expect(undecided(asked, line, NO_RULE)).toEqual([]);
    expect(holds(asked, line)).toEqual([http(['a.x.test'])]);
    expect(undecided(['NetworkHttp'], line, NO_RULE)).toEqual(['NetworkHttp']);
  });

  test('is an address, whatever was decided about any host', () => {
    const line = decide(NOTHING_DECIDED, ['NetworkHttp'], decisions({ rest: 'grant' }));
    const asked: Permission[] = ['NetworkHttp', http(['10.0.0.1'])];
    expect(undecided(asked, line, { grant: ['NetworkHttp'], deny: [] })).toEqual([http(['10.0.0.1'])]);
    const first = decide(NOTHING_DECIDED, asked, decisions({ grant: ['NetworkHttp'] }));
    expect(undecided(asked, first, NO_RULE)).toEqual([http(['10.0.0.1'])]);
    expect(undecided(asked, decide(line, asked, decisions({ rest: 'deny' })), NO_RULE)).toEqual([]);
    expect(holds(asked, decide(line, asked, decisions({ rest: 'grant' })))).toEqual(asked);
  });

  test('is not what the configuration grants or denies, in part too', () => {
    const asked: Permission[] = ['SystemTime', 'NetworkHttp', 'SystemRandom'];
    const rule = { grant: [http(['a.test'])], deny: ['SystemTime' as const] };
    expect(undecided(asked, NOTHING_DECIDED, rule)).toEqual(['SystemRandom']);
  });
});

describe('decide', () => {
  test('lets denials win over grants of the same breath', () => {
    const line = decide(NOTHING_DECIDED, ['SystemTime'], decisions({ grant: ['SystemTime'], deny: ['SystemTime'] }));
    expect(holds(['SystemTime'], line)).toEqual([]);
  });

  test('decides anew what is named, and leaves the rest', () => {
    const asked: Permission[] = ['SystemTime', 'SystemRandom'];
    const denied = decide(NOTHING_DECIDED, asked, decisions({ rest: 'deny' }));
    expect(holds(asked, denied)).toEqual([]);
    const granted = decide(denied, asked, decisions({ grant: ['SystemTime'] }));
    expect(holds(asked, granted)).toEqual(['SystemTime']);
    expect(holds(asked, decide(granted, asked, decisions({ deny: ['SystemTime'] })))).toEqual([]);
  });

  test('takes nothing away with the rest, and lifts no denial', () => {
    const [narrow, wide] = [[http(['a.test'])], [http(['a.test', 'c.test']), 'SystemTime' as const]];
    const granted = decide(NOTHING_DECIDED, narrow, decisions({ rest: 'grant' }));
    const denying = decide(granted, wide, decisions({ rest: 'deny' }));
    expect([holds(wide, denying), denying.deny]).toEqual([narrow, [http(['c.test']), 'SystemTime']]);
    expect(undecided(wide, denying, NO_RULE)).toEqual([]);
    const denied = decide(NOTHING_DECIDED, narrow, decisions({ rest: 'deny' }));
    const granting = decide(denied, wide, decisions({ rest: 'grant' }));
    expect(holds(wide, granting)).toEqual([http(['c.test']), 'SystemTime']);
    expect(holds(narrow, decide(granted, narrow, decisions({ rest: 'deny' })))).toEqual(narrow);
    // Any host but one is no permission: it is decided, and not granted.
    const any = decide(granted, ['NetworkHttp'], decisions({ rest: 'deny' }));
    expect([holds(['NetworkHttp'], any), undecided(['NetworkHttp'], any, NO_RULE)]).toEqual([narrow, []]);
    const configured = { grant: ['SystemTime' as const], deny: [] };
    expect(decide(NOTHING_DECIDED, ['SystemTime'], decisions({ rest: 'deny' }), configured).deny).toEqual([]);
  });

  test('gives nothing back that a lifted denial had kept from holding', () => {
    const asked: Permission[] = ['NetworkHttp'];
    let line = decide(NOTHING_DECIDED, asked, decisions({ grant: [http(['a.test', 'b.test'])] }));
    line = decide(line, asked, decisions({ deny: [http(['b.test', 'c.test'])] }));
    line = decide(line, asked, decisions({ grant: [http(['c.test'])] }));
    expect(JSON.stringify(holds(asked, line))).not.toContain('b.test');
  });

  test('keeps an address that was granted beside any host, in whatever order, until it is denied', () => {
    const asked: Permission[] = ['NetworkHttp'];
    const both = ['NetworkHttp', http(['10.0.0.1'])] as const;
    for (const order of [both, [...both].reverse()]) {
      let line = NOTHING_DECIDED;
      for (const permission of order) line = decide(line, asked, decisions({ grant: [permission] }));
      expect(holds(asked, line)).toEqual([...both]);
      line = decide(line, asked, decisions({ deny: [http(['10.0.0.1'])] }));
      expect([line.grant, line.deny]).toEqual([['NetworkHttp'], [http(['10.0.0.1'])]]);
      // Leave for any host says nothing of the address.
      line = decide(line, asked, decisions({ grant: ['NetworkHttp'] }));
      expect(line.deny).toEqual([http(['10.0.0.1'])]);
      expect(holds(asked, decide(line, asked, decisions({ grant: [http(['10.0.0.1'])] })))).toEqual([...both]);
    }
  });

  test('keeps a grant of another port than the one that is granted', () => {
    const asked: Permission[] = [{ NetworkHttp: { ports: [80, 8080] } }];
    const other: Permission = { NetworkHttp: { hosts: ['a.test'], ports: [8080] } };
    const line = decide(NOTHING_DECIDED, asked, decisions({ grant: [other] }));
    expect(decide(line, asked, decisions({ grant: ['NetworkHttp'] })).grant).toEqual([other, 'NetworkHttp']);
  });

  test('keeps a grant of what is not asked for, which gives nothing', () => {
    const line = decide(NOTHING_DECIDED, [], decisions({ grant: [{ SystemEnv: 'HOME' }] }));
    expect(holds([], line)).toEqual([]);
  });

  test('keeps at most as many as a manifest may ask for', () => {
    const many = (letter: string): Permission[] =>
      Array.from({ length: 200 }, (_, i) => ({ SystemEnv: `${letter}${i}` }));
    const line = decide(NOTHING_DECIDED, [], decisions({ grant: many('A') }));
    const refuse = (): LineDecisions => decide(line, [], decisions({ grant: many('B') }));
    expect(refuse).toThrow(
      expect.objectContaining({ reason: 'REQUEST_INVALID', message: expect.stringContaining('at most 256') }),
    );
  });

  test('whatever was decided before: a grant gives what it names and nothing else, a denial takes it', () => {
    const random = new Random(5);
    const wrong: unknown[] = [];
    for (let i = 0; i < 4_000; i++) {
      const asked = anyPermissions(random, 4);
      const named = anyPermission(random);
      const gives = random.below(2) === 0;
      let before: LineDecisions = NOTHING_DECIDED;
      for (let step = 0; step < 3; step++) {
        const each = anyPermission(random);
        before = decide(before, asked, decisions(random.below(2) === 0 ? { grant: [each] } : { deny: [each] }));
      }
      const after = decide(before, asked, decisions(gives ? { grant: [named] } : { deny: [named] }));
      const sheetOf = (line: LineDecisions) => ({ asked, granted: line.grant, denied: line.deny });
      for (const { permission, within, given, held: may } of singles()) {
        const [held, holdsNow] = [may(sheetOf(before)), may(sheetOf(after))];
        const isNamed = gives ? given(named) : within(named, true);
        const right = gives
          ? isNamed
            ? holdsNow === asked.some((each) => within(each))
            : held || !holdsNow
          : isNamed
            ? !holdsNow
            : held === holdsNow;
        if (!right) wrong.push({ asked, before, named, gives, permission });
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});

describe('ConfiguredGrants', () => {
  test('says of a plugin what is said of it and of all, and follows a new configuration', () => {
    const configured = new ConfiguredGrants({
      '*': { grant: ['SystemTime'], deny: ['SystemRandom'] },
      one: { grant: [{ SystemEnv: 'HOME' }], deny: [] },
    });
    expect(configured.of('one')).toEqual({ grant: ['SystemTime', { SystemEnv: 'HOME' }], deny: ['SystemRandom'] });
    expect(configured.of('two')).toEqual({ grant: ['SystemTime'], deny: ['SystemRandom'] });
    expect(configured.of('__proto__')).toEqual({ grant: ['SystemTime'], deny: ['SystemRandom'] });
    configured.replace({});
    expect(configured.of('one')).toEqual({ grant: [], deny: [] });
  });
});
