import type { MetricsMessage } from '../protocol/bind.js';
import type { CallKind } from '../protocol/calls.js';
import type { OutcomeType } from '../protocol/outcomes.js';
import { CALL_BOUNDS, Distribution } from './distribution.js';
import { ReportedMetrics } from './reported-metrics.js';

/** What is read when somebody scrapes, rather than counted on the way. */
export interface PluginGauges {
  queueLength(): number;
  /** Instances by state, for instance `{ busy: 1, idle: 0 }`. */
  instances(): Readonly<Record<string, number>>;
}

const NONE: Readonly<Record<OutcomeType, number>> = {
  ok: 0,
  'plugin-error': 0,
  trap: 0,
  limit: 0,
  cancelled: 0,
  'host-bug': 0,
  aborted: 0,
  refused: 0,
};

class CallSeries {
  readonly outcomes: Record<OutcomeType, number> = { ...NONE };
  readonly seconds = new Distribution(CALL_BOUNDS);
}

/**
 * The numbers of one plugin. The methods are called for every call, so they add to plain fields; names and labels are
 * looked up by `Metrics` alone, when somebody scrapes.
 */
export class PluginMetrics {
  readonly ref: { readonly id: string; readonly name: string; readonly version: string };
  readonly calls: { [kind in CallKind]?: CallSeries } = {};
  readonly queueWait = new Distribution(CALL_BOUNDS);
  readonly kills = new Map<string, number>();
  /** By operation, then by decision. */
  readonly hostCalls = new Map<string, Map<string, number>>();
  /** By what became of them. */
  readonly emitted = new Map<string, number>();
  /** How often a limit was in the way, by its name. */
  readonly limits = new Map<string, number>();
  readonly reported: ReportedMetrics;
  fuel = 0;
  droppedLogLines = 0;
  droppedLogBytes = 0;
  gauges: PluginGauges | undefined;

  constructor(ref: { id: string; name: string; version: string }) {
    this.ref = { id: ref.id, name: ref.name, version: ref.version };
    this.reported = new ReportedMetrics(ref.id);
  }

  /** One call has its outcome. Times in microseconds; `fuel` undefined where the call was not metered. */
  called(kind: CallKind, outcome: OutcomeType, guestTimeUs: number, queueTimeUs: number, fuel?: number): void {
    this.calls[kind] ??= new CallSeries();
    const series = this.calls[kind];
    series.outcomes[outcome]++;
    series.seconds.observe(guestTimeUs / 1e6);
    this.queueWait.observe(queueTimeUs / 1e6);
    if (fuel !== undefined) this.fuel += fuel;
  }

  /** An instance was ended by the server. `reason` is one of a closed set. */
  killed(name: string): void {
    const reason = name.replace('-', '_');
    this.kills.set(reason, (this.kills.get(reason) ?? 0) + 1);
  }

  /** Host calls were decided. Both are of closed sets, never the guest's words. */
  hostCall(operation: string, decision: string, count = 1): void {
    const decisions = this.hostCalls.get(operation) ?? new Map<string, number>();
    this.hostCalls.set(operation, decisions);
    decisions.set(decision, (decisions.get(decision) ?? 0) + count);
  }

  /** A limit was in the way of so many things. `name` is one of a closed set. */
  limited(name: string, count = 1): void {
    this.limits.set(name, (this.limits.get(name) ?? 0) + count);
  }

  /** A signal that the plugin sent. `delivery` is one of a closed set. */
  signalEmitted(delivery: string): void {
    this.emitted.set(delivery, (this.emitted.get(delivery) ?? 0) + 1);
  }

  logDropped(lines: number, bytes: number): void {
    this.droppedLogLines += lines;
    this.droppedLogBytes += bytes;
    if (lines > 0) this.limited('log-lines', lines);
  }

  /** What the guest reported of itself. */
  report(message: MetricsMessage): void {
    this.reported.take(message);
  }

  /** Where to read the gauges; undefined once the plugin has no crew. */
  watch(gauges: PluginGauges | undefined): void {
    this.gauges = gauges;
  }
}
