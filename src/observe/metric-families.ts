import type { CallKind } from '../protocol/calls.js';
import type { OutcomeType } from '../protocol/outcomes.js';
import type { Sample } from './distribution.js';
import type { PluginMetrics } from './plugin-metrics.js';

/** A metric with a label `plugin`: how it is called, and how it is read from one plugin's numbers. */
export interface PluginFamily {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  collect: (plugin: PluginMetrics) => Sample[];
}

const one = (plugin: PluginMetrics, value: number): Sample[] => [{ labels: { plugin: plugin.ref.id }, value }];

const kindsOf = (plugin: PluginMetrics): CallKind[] => Object.keys(plugin.calls) as CallKind[];

/** All outcomes of each kind that the plugin was ever called for: a series that is not there breaks `rate()`. */
function callCounts(plugin: PluginMetrics): Sample[] {
  return kindsOf(plugin).flatMap((kind) => {
    const outcomes = plugin.calls[kind]?.outcomes ?? {};
    return (Object.entries(outcomes) as [OutcomeType, number][]).map(([outcome, value]) => ({
      labels: { plugin: plugin.ref.id, kind, outcome: outcome.replace('-', '_') },
      value,
    }));
  });
}

function callSeconds(plugin: PluginMetrics): Sample[] {
  return kindsOf(plugin).flatMap(
    (kind) => plugin.calls[kind]?.seconds.samples('hal9_call_seconds', { plugin: plugin.ref.id, kind }) ?? [],
  );
}

function hostCalls(plugin: PluginMetrics): Sample[] {
  return [...plugin.hostCalls].flatMap(([op, decisions]) =>
    [...decisions].map(([decision, value]) => ({ labels: { plugin: plugin.ref.id, op, decision }, value })),
  );
}

export const PLUGIN_FAMILIES: readonly PluginFamily[] = [
  {
    name: 'hal9_plugin_info',
    help: 'Always 1; joins the label plugin (the id) to name and version.',
    type: 'gauge',
    collect: ({ ref }) => [{ labels: { plugin: ref.id, name: ref.name, version: ref.version }, value: 1 }],
  },
  { name: 'hal9_calls_total', help: 'Calls by what came of them.', type: 'counter', collect: callCounts },
  {
    name: 'hal9_call_seconds',
    help: 'Wall-clock time of a call inside the guest.',
    type: 'histogram',
    collect: callSeconds,
  },
  {
    name: 'hal9_queue_wait_seconds',
    help: "Time of a call between its arrival in the plugin's queue and its start.",
    type: 'histogram',
    collect: (plugin) => plugin.queueWait.samples('hal9_queue_wait_seconds', { plugin: plugin.ref.id }),
  },
  {
    name: 'hal9_queue_length',
    help: 'Calls that wait for the plugin now.',
    type: 'gauge',
    collect: (plugin) => one(plugin, plugin.gauges?.queueLength() ?? 0),
  },
  {
    name: 'hal9_instances',
    help: 'Instances alive now, by state.',
    type: 'gauge',
    collect: (plugin) =>
      Object.entries(plugin.gauges?.instances() ?? {}).map(([state, value]) => ({
        labels: { plugin: plugin.ref.id, state },
        value,
      })),
  },
  {
    name: 'hal9_kills_total',
    help: 'Instances that the server ended before their time, by reason.',
    type: 'counter',
    collect: (plugin) =>
      [...plugin.kills].map(([reason, value]) => ({ labels: { plugin: plugin.ref.id, reason }, value })),
  },
  {
    name: 'hal9_fuel_total',
    help: 'Fuel of all calls, except those that were ended from outside: by their deadline, or their caller.',
    type: 'counter',
    collect: (plugin) => one(plugin, plugin.fuel),
  },
  {
    name: 'hal9_host_calls_total',
    help: 'Calls of the guest to the host, by operation and decision.',
    type: 'counter',
    collect: hostCalls,
  },
  {
    name: 'hal9_limited_total',
    help: 'What was refused, dropped or made to wait because of a limit of the plugin, by the name of the limit.',
    type: 'counter',
    collect: (plugin) =>
      [...plugin.limits].map(([limit, value]) => ({ labels: { plugin: plugin.ref.id, limit }, value })),
  },
  {
    name: 'hal9_signals_emitted_total',
    help: 'Signals that the plugin sent, by what became of them: delivered, nobody, dropped, discarded.',
    type: 'counter',
    collect: (plugin) =>
      [...plugin.emitted].map(([outcome, value]) => ({ labels: { plugin: plugin.ref.id, outcome }, value })),
  },
  {
    name: 'hal9_guest_log_dropped_lines_total',
    help: "Lines of the plugin's log that went over its rate or size.",
    type: 'counter',
    collect: (plugin) => one(plugin, plugin.droppedLogLines),
  },
  {
    name: 'hal9_guest_log_dropped_bytes_total',
    help: "Bytes of the plugin's log that went over its rate or size.",
    type: 'counter',
    collect: (plugin) => one(plugin, plugin.droppedLogBytes),
  },
  {
    name: 'hal9_reported_total',
    help: 'Counters that plugins report; the label name is theirs.',
    type: 'counter',
    collect: (plugin) => plugin.reported.samples('counter', 'hal9_reported_total'),
  },
  {
    name: 'hal9_reported_value',
    help: 'Gauges that plugins report; the label name is theirs.',
    type: 'gauge',
    collect: (plugin) => plugin.reported.samples('gauge', 'hal9_reported_value'),
  },
  {
    name: 'hal9_reported_distribution',
    help: 'Histograms that plugins report; the label name is theirs.',
    type: 'histogram',
    collect: (plugin) => plugin.reported.samples('histogram', 'hal9_reported_distribution'),
  },
  {
    name: 'hal9_reported_dropped_total',
    help: 'Samples that plugins reported and that were refused: a bad name, or one series too many.',
    type: 'counter',
    collect: (plugin) => one(plugin, plugin.reported.dropped),
  },
];

/** What the audit log counts. */
export interface AuditNumbers {
  lines: number;
  lost: number;
  refused: number;
  breaks: number;
  writable: number;
}

export const NO_AUDIT: AuditNumbers = { lines: 0, lost: 0, refused: 0, breaks: 0, writable: 0 };

/** A metric of the audit log, and which of its numbers it is. */
interface AuditFamily {
  name: string;
  help: string;
  type: 'counter' | 'gauge';
  of: keyof AuditNumbers;
}

export const AUDIT_FAMILIES: readonly AuditFamily[] = [
  { name: 'hal9_audit_lines_total', help: 'Lines of the audit log that the disk has.', type: 'counter', of: 'lines' },
  {
    name: 'hal9_audit_lost_lines_total',
    help: 'Lines of the audit log about kills, denials and the like that were lost because it could not be written.',
    type: 'counter',
    of: 'lost',
  },
  {
    name: 'hal9_audit_refused_total',
    help: 'Changes that could not be audited; those that give authority were refused as AUDIT_UNAVAILABLE.',
    type: 'counter',
    of: 'refused',
  },
  {
    name: 'hal9_audit_breaks_total',
    help: 'Times that the audit log was found damaged and a new chain begun.',
    type: 'counter',
    of: 'breaks',
  },
  {
    name: 'hal9_audit_writable',
    help: '1 while the audit log can be written, 0 after a write that failed.',
    type: 'gauge',
    of: 'writable',
  },
];
