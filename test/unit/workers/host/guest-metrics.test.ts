import { describe, expect, it } from 'vitest';
import type { MetricsMessage } from '../../../../src/protocol/bind.js';
import { GuestMetrics } from '../../../../workers/host/guest-metrics.js';
import { BOUNDS, utf8 } from '../abi/wat-guest.js';
import { Time } from './time.js';

describe('GuestMetrics', () => {
  function metrics(time = new Time()) {
    const posted: MetricsMessage[] = [];
    return { posted, time, metrics: new GuestMetrics(BOUNDS.metrics, (message) => posted.push(message), time.now) };
  }
  const name = utf8('hits');
  const label = { name: utf8('kind'), value: utf8('a') };

  it('sums counters up, keeps the last value of a gauge, and every observation', () => {
    const { posted, metrics: m } = metrics();
    m.increment(name, 1, [label]);
    m.increment(name, 2.5, [label]);
    m.set(utf8('level'), 3, []);
    m.set(utf8('level'), 4, []);
    m.observe(utf8('size'), 1, []);
    m.observe(utf8('size'), 1, []);
    m.flush();
    expect(posted).toEqual([
      {
        type: 'metrics',
        dropped: 0,
        samples: [
          { kind: 'counter', name: 'hits', value: 3.5, labels: [['kind', 'a']] },
          { kind: 'gauge', name: 'level', value: 4, labels: [] },
          { kind: 'histogram', name: 'size', value: 1, labels: [] },
          { kind: 'histogram', name: 'size', value: 1, labels: [] },
        ],
      },
    ]);
  });

  it.each([-1, Number.NaN, Infinity])('drops and counts %d added to a counter', (amount) => {
    const { posted, metrics: m } = metrics();
    m.increment(name, amount, []);
    m.flush();
    expect(posted).toEqual([{ type: 'metrics', samples: [], dropped: 1 }]);
  });

  it.each<[string, (m: GuestMetrics) => void]>([
    ['too many labels', (m) => m.set(name, 1, [label, label, label])],
    ['a long name', (m) => m.set(utf8('x'.repeat(17)), 1, [])],
    ['a long label', (m) => m.set(name, 1, [{ name: utf8('kind'), value: utf8('x'.repeat(17)) }])],
  ])('drops %s', (_, report) => {
    const { posted, metrics: m } = metrics();
    report(m);
    m.flush();
    expect(posted[0]).toMatchObject({ samples: [], dropped: 1 });
  });

  it('drops names, combinations of labels and observations beyond the bounds', () => {
    const { posted, metrics: m } = metrics();
    for (let i = 0; i < 8; i++) m.set(utf8(`name${i}`), 1, []);
    for (let i = 0; i < 8; i++) m.set(utf8('name0'), 1, [{ name: utf8('kind'), value: utf8(String(i)) }]);
    m.flush();
    expect([posted[0]?.samples.length, posted[0]?.dropped]).toEqual([10, 6]);
    const { posted: observed, metrics: n } = metrics();
    for (let i = 0; i < 15; i++) n.observe(name, i, []);
    n.flush();
    expect([observed[0]?.samples.length, observed[0]?.dropped]).toEqual([10, 5]);
  });

  it('posts at most once a period, and the rest when it is over', () => {
    const { posted, time, metrics: m } = metrics();
    m.increment(name, 1, []);
    m.flush();
    time.ms = 50;
    m.increment(name, 1, []);
    m.flush();
    expect(posted).toHaveLength(1);
    time.ms = 100;
    m.flush();
    expect(posted).toHaveLength(2);
    m.increment(name, 1, []);
    m.flush(true);
    expect(posted).toHaveLength(3);
  });
});
