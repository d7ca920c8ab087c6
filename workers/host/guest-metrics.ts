import type { MetricBounds, MetricSample, MetricsMessage } from '../../src/protocol/bind.js';
import { TokenBucket } from '../../src/protocol/token-bucket.js';
import type { Label, Metrics } from '../abi/generated/metrics.js';
import { textOf } from './guest-text.js';
import { Pace } from './pace.js';

/** Posted without waiting for the period's end, or the call's. */
const MAX_WAITING = 1_000;

type Kind = MetricSample['kind'];
type MutableSample = { -readonly [Key in keyof MetricSample]: MetricSample[Key] };

/**
 * Collects the metrics that a guest reports: counters are summed up, of a gauge the last value counts, observations are
 * passed on. Names and combinations of labels are bounded; what goes beyond, and what is no number, is dropped and counted.
 */
export class GuestMetrics implements Metrics {
  readonly #bounds: MetricBounds;
  readonly #post: (message: MetricsMessage) => void;
  readonly #pace: Pace;
  readonly #observations: TokenBucket;
  readonly #names = new Set<string>();
  readonly #series = new Set<string>();
  #sums = new Map<string, MutableSample>();
  #observed: MetricSample[] = [];
  #dropped = 0;

  constructor(
    bounds: MetricBounds,
    post: (message: MetricsMessage) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#bounds = bounds;
    this.#post = post;
    this.#pace = new Pace(() => this.flush(true), now);
    this.#observations = new TokenBucket({ perSecond: bounds.observationsPerSecond }, now);
  }

  increment(name: Uint8Array, amount: number, labels: Label[]): void {
    if (!(amount >= 0)) return this.#drop();
    const sample = this.#sum('counter', name, amount, labels);
    if (sample !== undefined) sample.value += amount;
  }

  set(name: Uint8Array, value: number, labels: Label[]): void {
    const sample = this.#sum('gauge', name, value, labels);
    if (sample !== undefined) sample.value = value;
  }

  observe(name: Uint8Array, value: number, labels: Label[]): void {
    const series = this.#find('histogram', name, value, labels);
    if (series === undefined) return;
    if (this.#observations.take() > 0) return this.#drop();
    this.#observed.push({ ...series.sample, value });
    if (this.#observed.length >= MAX_WAITING) this.flush(true);
  }

  /** Posts what has come together, at most once a period; what is left is posted when the period is over. */
  flush(now = false): void {
    if (this.#sums.size === 0 && this.#observed.length === 0 && this.#dropped === 0) return;
    if (!this.#pace.take(now)) return;
    const message: MetricsMessage = {
      type: 'metrics',
      samples: [...this.#sums.values(), ...this.#observed],
      dropped: this.#dropped,
    };
    this.#sums = new Map();
    this.#observed = [];
    this.#dropped = 0;
    this.#post(message);
  }

  #drop(): void {
    this.#dropped++;
  }

  /** The sample that is being summed up, starting at 0. */
  #sum(kind: Kind, name: Uint8Array, value: number, labels: Label[]): MutableSample | undefined {
    const series = this.#find(kind, name, value, labels);
    if (series === undefined) return undefined;
    const found = this.#sums.get(series.key);
    if (found !== undefined) return found;
    const sample = { ...series.sample, value: 0 };
    this.#sums.set(series.key, sample);
    return sample;
  }

  /** Undefined, and counted as dropped, where a bound is passed. */
  #find(
    kind: Kind,
    nameBytes: Uint8Array,
    value: number,
    labels: Label[],
  ): { key: string; sample: MetricSample } | undefined {
    const { labelBytes, labels: maxLabels } = this.#bounds;
    const fits = labels.every((label) => label.name.length <= labelBytes && label.value.length <= labelBytes);
    if (!Number.isFinite(value) || nameBytes.length > labelBytes || labels.length > maxLabels || !fits) {
      this.#drop();
      return undefined;
    }
    const name = textOf(nameBytes);
    const pairs = labels.map((label) => [textOf(label.name), textOf(label.value)] as const);
    const key = JSON.stringify([kind, name, pairs]);
    if (!this.#known(name, key)) {
      this.#drop();
      return undefined;
    }
    return { key, sample: { kind, name, value, labels: pairs } };
  }

  #known(name: string, key: string): boolean {
    if (this.#series.has(key)) return true;
    if (this.#series.size >= this.#bounds.series) return false;
    if (!this.#names.has(name) && this.#names.size >= this.#bounds.names) return false;
    this.#names.add(name);
    this.#series.add(key);
    return true;
  }
}
