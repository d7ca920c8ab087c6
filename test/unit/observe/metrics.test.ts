import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { OBSERVE_LIMITS } from '../../../src/limits.js';
import { Metrics } from '../../../src/observe/metrics.js';
import type { MetricSample } from '../../../src/protocol/bind.js';

const REF = { id: '6f1c', name: 'analyzer', version: '1.2.3' };

const newMetrics = (): Metrics => new Metrics({ version: '0.1.0', contractVersions: ['0.1.0'] });
const linesOf = async (metrics: Metrics): Promise<string[]> => (await metrics.text()).split('\n');

function sample(part: Partial<MetricSample>): MetricSample {
  return { kind: 'counter', name: 'seen', value: 1, labels: [], ...part };
}

async function filled(): Promise<Metrics> {
  const metrics = newMetrics();
  const plugin = metrics.plugin(REF);
  plugin.called('signal', 'ok', 50, 10, 900);
  plugin.called('signal', 'plugin-error', 2_000, 10, 100);
  plugin.called('tool', 'trap', 20_000_000, 0);
  plugin.killed('deadline');
  plugin.hostCall('http', 'denied');
  plugin.logDropped(3, 700);
  plugin.watch({ queueLength: () => 4, instances: () => ({ busy: 1, idle: 0 }) });
  const labels = [['reason', 'a "quoted"\nline']] as const;
  plugin.report({ type: 'metrics', dropped: 2, samples: [sample({ labels })] });
  plugin.report({ type: 'metrics', dropped: 0, samples: [sample({ kind: 'gauge', name: 'level', value: -1 })] });
  plugin.report({ type: 'metrics', dropped: 0, samples: [sample({ kind: 'histogram', name: 'words', value: 7 })] });
  metrics.prepared();
  metrics.refused('QUEUE_FULL');
  metrics.watchInFlight(() => 5);
  return metrics;
}

describe('Metrics', () => {
  test('prints what was counted, under the names of the contract', async () => {
    const lines = await linesOf(await filled());
    for (const line of [
      'hal9_calls_total{plugin="6f1c",kind="signal",outcome="ok"} 1',
      'hal9_calls_total{plugin="6f1c",kind="signal",outcome="plugin_error"} 1',
      'hal9_calls_total{plugin="6f1c",kind="signal",outcome="limit"} 0',
      'hal9_calls_total{plugin="6f1c",kind="tool",outcome="trap"} 1',
      'hal9_call_seconds_bucket{plugin="6f1c",kind="signal",le="0.00005"} 1',
      'hal9_call_seconds_bucket{plugin="6f1c",kind="signal",le="0.0025"} 2',
      'hal9_call_seconds_bucket{plugin="6f1c",kind="tool",le="10"} 0',
      'hal9_call_seconds_bucket{plugin="6f1c",kind="tool",le="+Inf"} 1',
      'hal9_call_seconds_count{plugin="6f1c",kind="signal"} 2',
      'hal9_queue_wait_seconds_count{plugin="6f1c"} 3',
      'hal9_queue_length{plugin="6f1c"} 4',
      'hal9_instances{plugin="6f1c",state="busy"} 1',
      'hal9_kills_total{plugin="6f1c",reason="deadline"} 1',
      'hal9_fuel_total{plugin="6f1c"} 1000',
      'hal9_host_calls_total{plugin="6f1c",op="http",decision="denied"} 1',
      'hal9_plugin_info{plugin="6f1c",name="analyzer",version="1.2.3"} 1',
      'hal9_guest_log_dropped_lines_total{plugin="6f1c"} 3',
      'hal9_reported_total{plugin="6f1c",name="seen",reason="a \\"quoted\\"\\nline"} 1',
      'hal9_reported_value{plugin="6f1c",name="level"} -1',
      'hal9_reported_distribution_bucket{plugin="6f1c",name="words",le="10"} 1',
      'hal9_reported_dropped_total{plugin="6f1c"} 2',
      'hal9_prepares_total 1',
      'hal9_refusals_total{reason="QUEUE_FULL"} 1',
      'hal9_calls_in_flight 5',
      `hal9_build_info{version="0.1.0",node="${process.versions.node}",contract="0.1.0"} 1`,
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.some((line) => line.startsWith('process_resident_memory_bytes '))).toBe(true);
  });

  // Where Prometheus is not installed, the CI image has it.
  test.skipIf(spawnSync('promtool', ['--version']).error !== undefined)('passes promtool check metrics', async () => {
    const input = await (await filled()).text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  test('forgets the series of a plugin that was removed', async () => {
    const metrics = await filled();
    metrics.removePlugin(REF.id);
    expect((await linesOf(metrics)).filter((line) => line.includes('6f1c'))).toEqual([]);
  });

  test('gives the same numbers for the same version, and starts anew for another', () => {
    const metrics = newMetrics();
    const plugin = metrics.plugin(REF);
    expect(metrics.plugin({ ...REF })).toBe(plugin);
    expect(metrics.plugin({ ...REF, version: '2.0.0' })).not.toBe(plugin);
  });
});

describe('ReportedMetrics', () => {
  async function reportedBy(samples: readonly MetricSample[]): Promise<string[]> {
    const metrics = newMetrics();
    metrics.plugin(REF).report({ type: 'metrics', dropped: 0, samples });
    return (await linesOf(metrics)).filter((line) => line.startsWith('hal9_reported'));
  }

  test('adds counters of the same series, whatever the order of their labels', async () => {
    const lines = await reportedBy([
      sample({
        labels: [
          ['a', '1'],
          ['b', '2'],
        ],
      }),
      sample({
        labels: [
          ['b', '2'],
          ['a', '1'],
        ],
        value: 2,
      }),
      sample({
        labels: [
          ['a', '1'],
          ['b', 'other'],
        ],
        value: 5,
      }),
    ]);
    expect(lines).toContain('hal9_reported_total{plugin="6f1c",name="seen",a="1",b="2"} 3');
    expect(lines).toContain('hal9_reported_total{plugin="6f1c",name="seen",a="1",b="other"} 5');
  });

  test.each([
    ['a name that is none', sample({ name: 'a b' })],
    ['an empty name', sample({ name: '' })],
    ['a label of ours', sample({ labels: [['plugin', 'other']] })],
    ['a label of Prometheus', sample({ labels: [['le', '1']] })],
    ['a reserved label', sample({ labels: [['__name__', 'x']] })],
    ['a label that every object has', sample({ labels: [['constructor', 'x']] })],
    [
      'a label given twice',
      sample({
        labels: [
          ['a', '1'],
          ['a', '2'],
        ],
      }),
    ],
    ['a label that is too long', sample({ labels: [['a', 'x'.repeat(OBSERVE_LIMITS.maxMetricLabelBytes + 1)]] })],
    ['a counter that falls', sample({ value: -1 })],
    ['no number', sample({ value: Number.NaN })],
    ['an infinite number', sample({ kind: 'gauge', value: Infinity })],
  ])('drops and counts %s', async (_what, bad) => {
    const lines = await reportedBy([bad, sample({ name: 'good' })]);
    expect(lines).toEqual([
      'hal9_reported_total{plugin="6f1c",name="good"} 1',
      'hal9_reported_dropped_total{plugin="6f1c"} 1',
    ]);
  });

  test('bounds the number of series and of names', async () => {
    const { maxMetricSeries, maxMetricNames } = OBSERVE_LIMITS;
    const series = await reportedBy(
      Array.from({ length: maxMetricSeries + 10 }, (_, i) => sample({ labels: [['i', String(i)]] })),
    );
    expect(series.filter((line) => line.startsWith('hal9_reported_total')).length).toBe(maxMetricSeries);
    expect(series).toContain('hal9_reported_dropped_total{plugin="6f1c"} 10');
    const names = await reportedBy(Array.from({ length: maxMetricNames + 3 }, (_, i) => sample({ name: `n${i}` })));
    expect(names.filter((line) => line.startsWith('hal9_reported_total')).length).toBe(maxMetricNames);
  });
});
