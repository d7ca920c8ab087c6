import { describe, expect, it } from 'vitest';
import { Broker } from '../../../src/host/broker.js';
import { immediately } from '../../../src/host/memory/immediate-store.js';
import { namespaceOf } from '../../../src/host/memory/namespaces.js';
import type { MemoryStore } from '../../../src/host/memory/store.js';
import { VolatileMemory } from '../../../src/host/memory/volatile-memory.js';
import { Rates } from '../../../src/host/rates.js';
import type { MayUse } from '../../../src/host/service.js';
import { hostServices } from '../../../src/host/services.js';
import { HOST_RATES } from '../../../src/limits/host-rates.js';
import { countField, type HostAnswer, type HostOperation } from '../../../src/protocol/host-calls.js';
import { askingUntil, NOBODY_ELSE, rightsOf } from '../../harness/nobody-else.js';
import { bytes } from './memory/stores.js';

const PLUGIN = '11111111-1111-4111-8111-111111111111';
const SELF = { id: PLUGIN, name: 'one' };
const NEVER = askingUntil(new AbortController().signal);

interface Bench {
  ask: (operation: HostOperation, ...fields: (string | number)[]) => Promise<HostAnswer>;
  decisions: string[];
  limits: string[];
  failures: unknown[];
  clock: { ms: number };
  /** How long a request was made to wait, of those that were. */
  pauses: number[];
}

const ALL_BUT_TIME: MayUse = (permission) => permission !== 'SystemTime';

function broker(
  { memory = immediately(new VolatileMemory()), mayUse = () => true } = {} as {
    memory?: MemoryStore;
    mayUse?: MayUse;
  },
): Bench {
  const clock = { ms: 0 };
  const decisions: string[] = [];
  const limits: string[] = [];
  const failures: unknown[] = [];
  const pauses: number[] = [];
  const rates = new Rates(() => clock.ms);
  const made = new Broker({
    services: hostServices({ self: SELF, memory, rights: rightsOf(mayUse), rates, others: NOBODY_ELSE }),
    rights: rightsOf(mayUse),
    rates,
    observer: {
      decided: (operation, decision) => decisions.push(`${operation} ${decision}`),
      limited: (operation, limit) => limits.push(`${operation} ${limit}`),
      failed: (_, error) => failures.push(error),
    },
    pause: async (ms) => {
      pauses.push(ms);
      clock.ms += ms;
    },
  });
  const ask: Bench['ask'] = (operation, ...given) => {
    const fields = given.map((field) => (typeof field === 'string' ? bytes(field) : countField(field)));
    return made.answer({ number: 1, operation, fields }, NEVER);
  };
  return { ask, decisions, limits, failures, clock, pauses };
}

describe('Broker', () => {
  it('looks at the grant before anything else that a service does', async () => {
    const { ask, decisions } = broker({ mayUse: () => false });
    expect(await ask('memory.set', 'k', 'no json')).toMatchObject({ ok: false, code: 'PERMISSION_DENIED' });
    expect(await ask('memory.get', '')).toMatchObject({ ok: false, code: 'PERMISSION_DENIED' });
    expect(decisions).toEqual(['memory.set denied', 'memory.get denied']);
  });

  it('refuses more operations a second than there may be, for as long as it says', async () => {
    const { ask, decisions, clock } = broker();
    for (let i = 0; i < HOST_RATES['memory operations'].perSecond; i++) await ask('memory.get', 'k');
    const refused = await ask('memory.get', 'k');
    expect(refused).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { limit: 'memory-operations', retry_after_ms: 10 },
      quietMs: 10,
    });
    clock.ms = 10;
    expect(await ask('memory.get', 'k')).toMatchObject({ ok: true });
    expect(decisions.filter((decision) => decision.endsWith('limited'))).toHaveLength(1);
  });

  it('refuses host calls of every kind beyond their rate', async () => {
    const { ask, clock } = broker();
    for (let i = 0; i < HOST_RATES['host calls'].perSecond; i++) {
      await ask('memory.get', 'k');
      // The memory's own rate, which is lower, stays out of the way.
      if (i % 1_000 === 999) clock.ms += 1;
    }
    for (let i = 0; i < 100; i++) {
      const answer = await ask('memory.get', 'k');
      if (!answer.ok && JSON.stringify(answer.details).includes('host-calls')) return;
    }
    expect.unreachable('no call was refused for the rate of host calls');
  });

  it('answers what is denied always alike, and makes a flood of it wait', async () => {
    const { ask, decisions, pauses } = broker({ mayUse: (permission) => permission === 'SystemTime' });
    const first = await ask('memory.get', 'k');
    for (let i = 0; i < 2 * HOST_RATES['host calls'].perSecond; i++)
      expect(await ask('memory.get', 'k')).toEqual(first);
    expect(first).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(new Set(decisions)).toEqual(new Set(['memory.get denied']));
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(1_000);
  });

  it('gives a guest without a clock none: beyond a rate it waits and is answered, and sees no milliseconds', async () => {
    const { ask, decisions, pauses } = broker({ mayUse: ALL_BUT_TIME });
    for (let i = 0; i < 3 * HOST_RATES['memory operations'].perSecond; i++)
      expect(await ask('memory.get', 'k')).toEqual({ ok: true, fields: [] });
    expect(new Set(decisions)).toEqual(new Set(['memory.get allowed']));
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(2_000);
  });

  it('does nothing any more for a life that ends while it waits', async () => {
    const ended = new AbortController();
    const memory = new VolatileMemory();
    const decisions: string[] = [];
    const rates = new Rates(() => 0);
    const rights = rightsOf(ALL_BUT_TIME);
    const made = new Broker({
      services: hostServices({ self: SELF, memory: immediately(memory), rights, rates, others: NOBODY_ELSE }),
      rights,
      rates,
      observer: {
        decided: (_, decision) => decisions.push(decision),
        limited: () => {},
        failed: (_, error) => expect.unreachable(String(error)),
      },
    });
    const set = (key: string): Promise<HostAnswer> =>
      made.answer({ number: 1, operation: 'memory.set', fields: [bytes(key), bytes('1')] }, askingUntil(ended.signal));
    for (let i = 0; i < HOST_RATES['memory operations'].perSecond; i++) await set('k');
    const waiting = set('late');
    ended.abort();
    await waiting;
    expect(decisions.at(-1)).toBe('cancelled');
    expect(memory.get(namespaceOf(PLUGIN), bytes('late'))).toBeUndefined();
    expect(memory.get(namespaceOf(PLUGIN), bytes('k'))).toEqual(bytes('1'));
  });

  it('counts how long the store worked for it, and makes up for it', async () => {
    const store = immediately(new VolatileMemory());
    const slow: MemoryStore = {
      ...store,
      chargedTo: (spent) => ({
        ...store,
        get: (...given) => {
          spent(400_000);
          return store.get(...given);
        },
      }),
    };
    const { ask, clock } = broker({ memory: slow });
    expect(await ask('memory.get', 'k')).toMatchObject({ ok: true });
    const refused = await ask('memory.get', 'k');
    expect(refused).toMatchObject({ code: 'RESOURCE_EXHAUSTED', details: { limit: 'memory-time' } });
    clock.ms = 601;
    expect(await ask('memory.get', 'k')).toMatchObject({ ok: true });
  });

  it('answers a fault of the store without a word about it', async () => {
    const store: MemoryStore = {
      ...immediately(new VolatileMemory()),
      chargedTo: () => ({ ...store, get: () => Promise.reject(new Error('/var/lib/secret.db is gone')) }),
    };
    const { ask, decisions, failures } = broker({ memory: store });
    const answer = await ask('memory.get', 'k');
    expect(answer).toMatchObject({ ok: false, code: 'INTERNAL_ERROR' });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect([decisions, failures]).toEqual([['memory.get failed'], [expect.any(Error)]]);
    expect(await ask('memory.get')).toMatchObject({ code: 'INTERNAL_ERROR' });
  });

  it('takes what asks beyond its place for its own memory, or for nothing', async () => {
    const { ask } = broker();
    expect(await ask('memory.set', 'shared:x', '1')).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await ask('memory.set', `plugin:${PLUGIN}/k`, '1')).toEqual({ ok: true, fields: [] });
    expect(await ask('memory.list', '', 10)).toMatchObject({ fields: [bytes(`plugin:${PLUGIN}/k`), bytes('1')] });
    expect(await ask('memory.list', '', 0)).toEqual({ ok: true, fields: [] });
  });
});
