/** A sample of a metric, as prom-client prints it. */
export interface Sample {
  /** Where it differs from the metric's own name: `…_bucket`, `…_sum`, `…_count`. */
  metricName?: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/**
 * A histogram that costs a search and three additions. (prom-client's own hashes its labels at each observation, bound
 * or not; this is observed twice a call.)
 */
export class Distribution {
  readonly #bounds: readonly number[];
  /** Not cumulative; the last one is for what exceeds all bounds. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds Upper bounds, ascending. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
  }

  samples(name: string, labels: Readonly<Record<string, string>>): Sample[] {
    const samples: Sample[] = [];
    let total = 0;
    this.#counts.forEach((count, bucket) => {
      total += count;
      const le = bucket < this.#bounds.length ? String(this.#bounds[bucket]) : '+Inf';
      samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: total });
    });
    samples.push({ metricName: `${name}_sum`, labels, value: this.#sum });
    samples.push({ metricName: `${name}_count`, labels, value: total });
    return samples;
  }
}

/** From 50 us (an echo) to 10 s (twice a call's default limit). */
export const CALL_BOUNDS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
