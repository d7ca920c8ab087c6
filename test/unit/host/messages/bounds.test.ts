import { describe, expect, test } from 'vitest';
import type { AskingCall, CallPath, PluginName } from '../../../../src/host/asking.js';
import { Broker } from '../../../../src/host/broker.js';
import { immediately } from '../../../../src/host/memory/immediate-store.js';
import { VolatileMemory } from '../../../../src/host/memory/volatile-memory.js';
import { Rates } from '../../../../src/host/rates.js';
import { hostServices, type OthersInService } from '../../../../src/host/services.js';
import { MESSAGE_LIMITS } from '../../../../src/limits/messages.js';
import { sizeSignal, writeSignal } from '../../../../src/protocol/codec.js';
import { fuelField, type HostAnswer, type HostOperation } from '../../../../src/protocol/host-calls.js';
import { NOBODY_ELSE, rightsOf } from '../../../harness/nobody-else.js';
import { bytes } from '../memory/stores.js';

const pluginNumber = (n: number): PluginName => ({
  id: `11111111-1111-4111-8111-${String(n).padStart(12, '0')}`,
  name: `plugin-${n}`,
});
const SELF = pluginNumber(0);
const OTHER = pluginNumber(999);
const some = (count: number): PluginName[] => Array.from({ length: count }, (_, i) => pluginNumber(i + 1));

/** Another plugin, which has a neuron in L3 and may be called; what reaches it is counted. */
function world() {
  const reached = { signals: 0, calls: 0 };
  const others: OthersInService = {
    ...NOBODY_ELSE,
    receivers: () => [OTHER],
    deliver: () => {
      reached.signals++;
      return 'delivered';
    },
    find: () => ({ ...OTHER, callFuel: 1_000 }),
    call: () => {
      reached.calls++;
      return Promise.reject(new Error('reached'));
    },
  };
  const rights = rightsOf(() => true);
  const rates = new Rates(() => 0);
  const memory = immediately(new VolatileMemory());
  const limits: string[] = [];
  const broker = new Broker({
    services: hostServices({ self: SELF, memory, rights, rates, others }),
    rights,
    rates,
    observer: { decided: () => {}, limited: (_, limit) => limits.push(limit), failed: () => {} },
  });
  const ask = (operation: HostOperation, fields: Uint8Array[], path: Partial<CallPath>): Promise<HostAnswer> =>
    broker.answer({ number: 1, operation, fields }, { signal: new AbortController().signal, call: callWith(path) });
  return { reached, limits, ask };
}

/** A signal of L2, which ends with an answer at once. */
function callWith({ passed = [], waiting = [] }: Partial<CallPath>): AskingCall {
  return {
    kind: 'signal',
    layer: 2,
    deadlineMs: Infinity,
    origin: () => ({ requestId: '', traceId: '' }),
    path: { passed, waiting, budget: { deliveries: MESSAGE_LIMITS.maxDeliveries } },
    whenSettled: (listener) => setImmediate(() => listener('ok')),
    lent: () => {},
  };
}

function signalTo(layer: number): Uint8Array {
  const none = bytes('');
  const signal = { id: none, type: none, layer, source: none, content: none, metadata: [], timestampMs: 0n };
  const out = new Uint8Array(sizeSignal(signal));
  writeSignal(signal, out, 0);
  return out;
}

const rights = rightsOf(() => true);

describe('a chain of plugins', () => {
  test('that have sent signals because of each other is as long as it may be, and no longer', async () => {
    const { ask, reached, limits } = world();
    const max = MESSAGE_LIMITS.maxSignalHops;
    expect(await ask('signals.emit', [signalTo(3)], { passed: some(max - 1) })).toEqual({ ok: true, fields: [] });
    await new Promise(setImmediate);
    expect(await ask('signals.emit', [signalTo(3)], { passed: some(max) })).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { limit: 'signal-hops', max },
    });
    await new Promise(setImmediate);
    expect([reached.signals, limits]).toEqual([1, ['signal-hops']]);
  });

  test('that wait for each other is as long as it may be, and no longer', async () => {
    const { ask, reached, limits } = world();
    const max = MESSAGE_LIMITS.maxCallDepth;
    const waiting = (count: number) => some(count).map((plugin) => ({ ...plugin, rights }));
    const fields = [bytes(OTHER.id), bytes('tool'), bytes('{}'), fuelField(10)];
    expect(await ask('plugins.call', fields, { waiting: waiting(max - 1) })).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(await ask('plugins.call', fields, { waiting: waiting(max) })).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { limit: 'plugin-call-depth', max },
    });
    expect([reached.calls, limits]).toEqual([1, ['plugin-call-depth']]);
  });
});
