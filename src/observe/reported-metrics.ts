import { OBSERVE_LIMITS } from '../limits.js';
import type { MetricSample, MetricsMessage } from '../protocol/bind.js';
import { Distribution, type Sample } from './distribution.js';

type Kind = MetricSample['kind'];

interface Series {
  labels: Readonly<Record<string, string>>;
  value: number;
  distribution: Distribution | undefined;
}

/** Wide, for nobody knows what a plugin measures: seconds, ratios, counts or bytes. */
const BOUNDS = [
  0.000_1, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 1_000, 10_000, 100_000, 1_000_000,
] as const;
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/;
/** Ours, or Prometheus's own. */
const RESERVED = new Set(['plugin', 'name', 'le', 'quantile', 'instance', 'job']);

/**
 * What one plugin reports of itself. Everything here was chosen by a guest: names, labels and values are checked, and
 * the number of series is bounded, since each stays in memory and in every scrape until the plugin goes.
 */
export class ReportedMetrics {
  readonly #plugin: string;
  readonly #names = new Set<string>();
  readonly #series: Record<Kind, Map<string, Series>> = { counter: new Map(), gauge: new Map(), histogram: new Map() };
  #count = 0;
  #dropped = 0;

  constructor(plugin: string) {
    this.#plugin = plugin;
  }

  /** Samples that the worker dropped, or that were refused here. */
  get dropped(): number {
    return this.#dropped;
  }

  get names(): number {
    return this.#names.size;
  }

  /** Combinations of kind, name and labels. */
  get series(): number {
    return this.#count;
  }

  take(message: MetricsMessage): void {
    this.#dropped += message.dropped;
    for (const sample of message.samples) {
      if (!this.#add(sample)) this.#dropped++;
    }
  }

  samples(kind: Kind, metricName: string): Sample[] {
    const all = [...this.#series[kind].values()];
    if (kind !== 'histogram') return all.map(({ labels, value }) => ({ labels, value }));
    return all.flatMap(({ labels, distribution }) => distribution?.samples(metricName, labels) ?? []);
  }

  #add(sample: MetricSample): boolean {
    if (!Number.isFinite(sample.value) || (sample.kind === 'counter' && sample.value < 0)) return false;
    const series = this.#find(sample);
    if (series === undefined) return false;
    if (sample.kind === 'counter') series.value += sample.value;
    else if (sample.kind === 'gauge') series.value = sample.value;
    else series.distribution?.observe(sample.value);
    return true;
  }

  #find(sample: MetricSample): Series | undefined {
    const labels = this.#labelsOf(sample);
    if (labels === undefined) return undefined;
    // JSON keeps apart what a separator could blur.
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const found = this.#series[sample.kind].get(key);
    if (found !== undefined) return found;
    if (this.#count >= OBSERVE_LIMITS.maxMetricSeries) return undefined;
    const distribution = sample.kind === 'histogram' ? new Distribution(BOUNDS) : undefined;
    const series = { labels, value: 0, distribution };
    this.#series[sample.kind].set(key, series);
    this.#count++;
    return series;
  }

  /** Undefined where a name is malformed or reserved, or a bound is passed. */
  #labelsOf(sample: MetricSample): Record<string, string> | undefined {
    if (!NAME.test(sample.name) || sample.labels.length > OBSERVE_LIMITS.maxMetricLabels) return undefined;
    if (!this.#names.has(sample.name)) {
      if (this.#names.size >= OBSERVE_LIMITS.maxMetricNames) return undefined;
      this.#names.add(sample.name);
    }
    const labels: Record<string, string> = { plugin: this.#plugin, name: sample.name };
    for (const [name, value] of sample.labels) {
      const fits = Buffer.byteLength(value) <= OBSERVE_LIMITS.maxMetricLabelBytes;
      // `in` also refuses a label that is given twice, and the names that every object has.
      if (!NAME.test(name) || name.startsWith('__') || RESERVED.has(name) || name in labels || !fits) return undefined;
      labels[name] = value;
    }
    return labels;
  }
}
