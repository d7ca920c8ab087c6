import { describe, expect, it } from 'vitest';
import type { LogMessage, MetricsMessage } from '../../../../src/protocol/bind.js';
import { RunningClock, StandingClock } from '../../../../workers/host/clock.js';
import { ConfigValues } from '../../../../workers/host/config-values.js';
import { GuestLines } from '../../../../workers/host/guest-lines.js';
import { GuestMetrics } from '../../../../workers/host/guest-metrics.js';
import { LineSplitter } from '../../../../workers/host/line-splitter.js';
import { SeededRandom, SystemRandom } from '../../../../workers/host/random.js';
import { Reports } from '../../../../workers/host/reports.js';
import { TokenBucket } from '../../../../workers/host/token-bucket.js';
import { BOUNDS, NO_GRANTS, utf8 } from '../abi/wat-guest.js';

/** A clock that a test moves. */
class Time {
  ms = 0;
  readonly now = (): number => this.ms;
}

describe('TokenBucket', () => {
  it('lets through what a second brings, at once, and then as time goes by', () => {
    const time = new Time();
    const bucket = new TokenBucket(10, time.now);
    expect(Array.from({ length: 12 }, () => bucket.take(1)).filter(Boolean)).toHaveLength(10);
    time.ms = 250;
    expect([bucket.take(2), bucket.take(1)]).toEqual([true, false]);
    time.ms = 100_000;
    expect([bucket.take(10), bucket.take(1)]).toEqual([true, false]);
  });
});

describe('GuestLines', () => {
  function lines(time = new Time()) {
    const posted: LogMessage[] = [];
    return { posted, lines: new GuestLines(BOUNDS, (message) => posted.push(message), time.now) };
  }

  it('keeps the order, and the call that was running', () => {
    const { posted, lines: log } = lines();
    log.add('info', 'log', utf8('loading'));
    log.beginCall(7);
    log.add('warn', 'stderr', utf8('calling'));
    log.flush();
    expect(posted).toEqual([
      {
        type: 'log',
        lines: [
          { level: 'info', stream: 'log', text: 'loading', call: 0 },
          { level: 'warn', stream: 'stderr', text: 'calling', call: 7 },
        ],
        droppedLines: 0,
        droppedBytes: 0,
      },
    ]);
  });

  it('posts nothing when there is nothing', () => {
    const { posted, lines: log } = lines();
    log.flush();
    expect(posted).toEqual([]);
  });

  it('cuts a line that is too long between characters, says so, and counts what is gone', () => {
    const { posted, lines: log } = lines();
    log.add('info', 'log', utf8(`${'x'.repeat(99)}é!`));
    log.flush();
    expect(posted[0]?.lines[0]?.text).toBe(`${'x'.repeat(99)}… (3 bytes cut)`);
    expect(posted[0]?.droppedBytes).toBe(3);
  });

  it('drops and counts lines beyond the rate, until time has passed', () => {
    const time = new Time();
    const { posted, lines: log } = lines(time);
    for (let i = 0; i < 25; i++) log.add('info', 'log', utf8('four'));
    log.flush();
    expect(posted[0]?.lines).toHaveLength(10);
    expect([posted[0]?.droppedLines, posted[0]?.droppedBytes]).toEqual([15, 60]);
    time.ms = 100;
    log.add('info', 'log', utf8('again'));
    log.flush();
    expect(posted[1]).toMatchObject({ droppedLines: 0, lines: [{ text: 'again' }] });
  });

  it('drops lines beyond the bytes a second', () => {
    const posted: LogMessage[] = [];
    const bounds = { ...BOUNDS, logBytesPerSecond: 10, logLinesPerSecond: 100 };
    const log = new GuestLines(
      bounds,
      (message) => posted.push(message),
      () => 0,
    );
    log.add('info', 'log', utf8('12345678'));
    log.add('info', 'log', utf8('12345678'));
    log.flush();
    expect(posted[0]).toMatchObject({ lines: [{ text: '12345678' }], droppedLines: 1, droppedBytes: 8 });
  });

  it('posts by itself before much has come together', () => {
    const posted: LogMessage[] = [];
    const bounds = { ...BOUNDS, logLinesPerSecond: 1_000, logBytesPerSecond: 1 << 20 };
    const log = new GuestLines(
      bounds,
      (message) => posted.push(message),
      () => 0,
    );
    for (let i = 0; i < 64; i++) log.add('info', 'log', utf8('line'));
    expect(posted.map((message) => message.lines.length)).toEqual([64]);
  });

  it('replaces what is not UTF-8', () => {
    const { posted, lines: log } = lines();
    log.add('info', 'stdout', Uint8Array.of(0x61, 0xff, 0x62));
    log.flush();
    expect(posted[0]?.lines[0]?.text).toBe('a\uFFFDb');
  });
});

describe('LineSplitter', () => {
  function splitter(max = 8) {
    const seen: [string, number][] = [];
    return { seen, stream: new LineSplitter(max, (line, cut) => seen.push([Buffer.from(line).toString(), cut])) };
  }

  it('cuts at newlines, wherever the pieces end', () => {
    const { seen, stream } = splitter();
    for (const piece of ['a', 'b\nc', '\n\nd\r', '\ne']) stream.write(utf8(piece));
    expect(seen).toEqual([
      ['ab', 0],
      ['c', 0],
      ['', 0],
      ['d', 0],
    ]);
    stream.end();
    expect(seen.at(-1)).toEqual(['e', 0]);
    stream.end();
    expect(seen).toHaveLength(5);
  });

  it('keeps the beginning of a line that never ends, and counts the rest', () => {
    const { seen, stream } = splitter();
    for (let i = 0; i < 100; i++) stream.write(utf8('xyz'));
    stream.write(utf8('\nnext\n'));
    expect(seen).toEqual([
      ['xyzxyzxy', 292],
      ['next', 0],
    ]);
  });
});

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

describe('SeededRandom', () => {
  const words = (random: SeededRandom, count: number) =>
    Array.from(new Uint32Array(random.bytes(4 * count).buffer), (word) => word);

  it('is xoshiro128**', () => {
    // The first numbers of the authors' xoshiro128starstar.c from the state 1, 2, 3, 4.
    expect(words(new SeededRandom(1_024, Uint32Array.of(1, 2, 3, 4)), 5)).toEqual([
      11_520, 0, 5_927_040, 70_819_200, 2_031_721_883,
    ]);
  });

  it('repeats itself from the same seed, and differs without one', () => {
    const seed = Uint32Array.of(5, 6, 7, 8);
    expect(new SeededRandom(64, seed).next()).toBe(new SeededRandom(64, seed).next());
    expect(new SeededRandom(64).next()).not.toBe(new SeededRandom(64).next());
  });

  it.each([new SeededRandom(100), new SystemRandom(100)])(
    'answers a longer request with as much as is allowed',
    (random) => {
      expect([random.bytes(10).length, random.bytes(4_294_967_295).length]).toEqual([10, 100]);
    },
  );

  it('of the system gives other numbers each time', () => {
    const random = new SystemRandom(100);
    expect(new Set(Array.from({ length: 300 }, () => random.next())).size).toBe(300);
  });
});

describe('StandingClock', () => {
  it('stands at the start of the call, and moves by what the guest waits', () => {
    const clock = new StandingClock();
    clock.beginCall(1_000);
    const started = clock.monotonic();
    expect([clock.now(), clock.now()]).toEqual([1_000n, 1_000n]);
    clock.waited(5_000_000n);
    expect([clock.now(), clock.monotonic() - started]).toEqual([1_005n, 5_000_000n]);
  });

  it('follows the system back, but for monotonic time', () => {
    const clock = new StandingClock();
    clock.beginCall(1_000);
    const started = clock.monotonic();
    clock.beginCall(400);
    expect([clock.now(), clock.monotonic() - started]).toEqual([400n, 0n]);
    clock.beginCall(500);
    expect([clock.now(), clock.monotonic() - started]).toEqual([500n, 100_000_000n]);
  });

  it.each([new StandingClock(), new RunningClock()])(
    'never tells a monotonic time of 0, which Go takes for a fault',
    (clock) => {
      clock.beginCall(Date.now());
      expect(clock.monotonic()).toBeGreaterThan(0n);
    },
  );
});

describe('ConfigValues', () => {
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

  it('gives each top-level value as a JSON text, and the whole as it was given', () => {
    const all = '{"a": {"b": [1, "ü"]}, "__proto__": 3}';
    const config = new ConfigValues(all);
    expect(text(config.get(utf8('a')))).toBe('{"b":[1,"ü"]}');
    expect(text(config.get(utf8('__proto__')))).toBe('3');
    expect(config.get(utf8('constructor'))).toBeUndefined();
    expect(text(config.getAll())).toBe(all);
  });
});

describe('Reports', () => {
  it('posts at the end what was not finished', () => {
    const posted: unknown[] = [];
    const reports = new Reports({ config: '{}', grants: NO_GRANTS, limits: BOUNDS }, (message) => posted.push(message));
    reports.services.output('stdout', utf8('half a li'));
    reports.flush();
    expect(posted).toEqual([]);
    reports.end();
    expect(posted).toMatchObject([{ type: 'log', lines: [{ text: 'half a li', stream: 'stdout', level: 'info' }] }]);
  });
});
