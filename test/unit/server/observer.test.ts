import { expect, test } from 'vitest';
import { Rates } from '../../../src/host/rates.js';
import { HOST_RATES } from '../../../src/limits/host-rates.js';
import type { Log } from '../../../src/observe/log.js';
import { PluginMetrics } from '../../../src/observe/plugin-metrics.js';
import type { LogMessage } from '../../../src/protocol/bind.js';
import type { AuditEvent } from '../../../src/sandbox/audit/audit-event.js';
import { observerOf } from '../../../src/server/observer.js';

test('a plugin logs no more for having more instances, or ever new ones', () => {
  const numbers = new PluginMetrics({ id: 'an-id', name: 'talks', version: '1.0.0' });
  const rates = new Rates(() => 0, { rates: { ...HOST_RATES, 'log lines': { perSecond: 3 } } });
  const logged: string[] = [];
  const events: AuditEvent[] = [];
  const write = (_: object, text: string): void => void logged.push(text);
  const log = { info: write, warn: write } as unknown as Log;
  const note = (event: AuditEvent): void => void events.push(event);
  const audit = { note, append: async () => {}, appendOrNote: async () => {} };
  const observer = observerOf({ numbers, rates, audit, log });
  // Each instance has kept to the rate by itself.
  const message = (instance: number): LogMessage => ({
    type: 'log',
    lines: ['first', 'second'].map((text) => ({
      level: 'info',
      text: `${text} of ${instance}`,
      call: 0,
      stream: 'log',
    })),
    droppedLines: 0,
    droppedBytes: 0,
  });
  for (const instance of [1, 2, 3]) observer.log(message(instance), () => undefined);
  expect(logged).toEqual([
    'first of 1',
    'second of 1',
    'first of 2',
    ...Array<string>(2).fill('log lines of the plugin were dropped'),
  ]);
  expect([numbers.droppedLogLines, numbers.limits.get('log-lines')]).toEqual([3, 3]);
  expect(events.map(({ event, details }) => [event, details])).toEqual(
    Array(2).fill(['denial', { of: 'log', reason: 'limited' }]),
  );
});
