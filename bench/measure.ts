/** One number of a bench, with what it should be and how it came about. */
export interface Measure {
  name: string;
  value: number;
  /** `x` for a ratio. */
  unit: string;
  /** What issue or design ask for; absent where the number only informs. */
  goal?: { atLeast: number } | { atMost: number };
  /** Spread over the bursts or tries behind the value, which is their median. */
  min?: number;
  max?: number;
  samples?: number;
  /** Where the time goes, or what it was measured against. */
  note?: string;
}

/** What the command line asks of all benches. */
export interface BenchOptions {
  /** Pairs of bursts for each comparison. */
  bursts: number;
  /** Length of a burst. */
  burstMs: number;
  /** Repetitions of what is not done in bursts. */
  tries: number;
}

export interface Bench {
  name: string;
  /** One line for the table of benches. */
  about: string;
  run(options: BenchOptions): Promise<Measure[]>;
}

/** The middle of the values; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('there is no median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** A measure of several tries. */
export function measureOf(name: string, unit: string, values: readonly number[], more: Partial<Measure> = {}): Measure {
  const spread = { min: Math.min(...values), max: Math.max(...values), samples: values.length };
  return { name, value: median(values), unit, ...spread, ...more };
}

/** Whether a measure reaches its goal; undefined where it has none. */
export function reached({ value, goal }: Measure): boolean | undefined {
  if (goal === undefined) return undefined;
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
}

const rounded = (value: number): string => {
  const digits = Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 10 ? 2 : 3;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
};

/** One line for a person. */
export function describe(measure: Measure): string {
  const { name, value, unit, goal, min, max, samples, note } = measure;
  const of = goal === undefined ? '' : 'atLeast' in goal ? `  goal >= ${goal.atLeast}` : `  goal <= ${goal.atMost}`;
  const verdict = reached(measure);
  const mark = verdict === undefined ? '' : verdict ? '  reached' : '  MISSED';
  const spread =
    min === undefined || max === undefined ? '' : `  (${rounded(min)} to ${rounded(max)}, n ${samples ?? 0})`;
  const line = `  ${name.padEnd(46)} ${rounded(value).padStart(9)} ${unit.padEnd(9)}${of}${mark}${spread}`;
  return note === undefined ? line : `${line}\n      ${note}`;
}
