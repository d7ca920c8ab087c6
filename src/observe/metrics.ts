import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { Sample } from './distribution.js';
import { AUDIT_FAMILIES, type AuditNumbers, NO_AUDIT, PLUGIN_FAMILIES } from './metric-families.js';
import { PluginMetrics } from './plugin-metrics.js';

/** When the server's certificate ends, in seconds of Unix time, and what became of changes of its files. */
export interface TlsNumbers {
  expirySeconds: number;
  reloads: Readonly<Record<string, number>>;
}

export interface MetricsOptions {
  version: string;
  /** Versions of `hal9:plugin` that this server speaks. */
  contractVersions: readonly string[];
}

/** What prom-client asks of a metric when it prints. */
interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  collect: () => Sample[];
}

/** Gauges whose name ends in `_total`, which `promtool check metrics` reports; their twins by type remain. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** All metrics of the server. The reference page lists them; `promtool check metrics` finds nothing to say. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #plugins = new Map<string, PluginMetrics>();
  readonly #refusals = new Map<string, number>();
  readonly #denials = new Map<string, number>();
  #prepares = 0;
  #droppedLogLines = 0;
  #tls: (() => TlsNumbers) | undefined;
  #inFlight = (): number => 0;
  #unsigned = (): number => 0;
  #states = (): Readonly<Record<string, number>> => ({});
  #audit = (): AuditNumbers => NO_AUDIT;

  constructor(options: MetricsOptions) {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    for (const { collect, ...family } of PLUGIN_FAMILIES) {
      this.#register({ ...family, collect: () => this.#ordered().flatMap((plugin) => collect(plugin)) });
    }
    for (const { of, ...family } of AUDIT_FAMILIES) {
      this.#register({ ...family, collect: () => [{ labels: {}, value: this.#audit()[of] }] });
    }
    this.#registerServer(options);
  }

  /**
   * The plugin's numbers; the same object for the same id until the plugin is removed. The label `plugin` is the
   * manifest's id, which stays when the plugin is upgraded; `hal9_plugin_info` joins it to name and version.
   */
  plugin(ref: { id: string; name: string; version: string }): PluginMetrics {
    const known = this.#plugins.get(ref.id);
    if (known !== undefined && known.ref.version === ref.version && known.ref.name === ref.name) return known;
    const plugin = new PluginMetrics(ref);
    this.#plugins.set(ref.id, plugin);
    return plugin;
  }

  /** Forgets an uninstalled plugin's series. */
  removePlugin(id: string): void {
    this.#plugins.delete(id);
  }

  /** A module went through the pipeline rather than coming from the cache. */
  prepared(): void {
    this.#prepares++;
  }

  /** A call was refused, by the reason of the error table. */
  refused(reason: string): void {
    this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1);
  }

  /** Somebody was turned away: not known, not allowed, or not by this handshake. */
  denied(reason: string): void {
    this.#denials.set(reason, (this.#denials.get(reason) ?? 0) + 1);
  }

  /** A line of the server's log was dropped. */
  logDropped(): void {
    this.#droppedLogLines++;
  }

  /** Where to read how many calls the server has under way. */
  watchInFlight(inFlight: () => number): void {
    this.#inFlight = inFlight;
  }

  /** Where to read how many plugins there are, by state, and how many of them nobody trusted has signed. */
  watchPlugins(states: () => Readonly<Record<string, number>>, unsigned: () => number): void {
    this.#states = states;
    this.#unsigned = unsigned;
  }

  /** Where to read the numbers of the audit log. */
  watchAudit(numbers: () => AuditNumbers): void {
    this.#audit = numbers;
  }

  /** Where to read about the server's certificate; never called where it has none. */
  watchTls(numbers: () => TlsNumbers): void {
    this.#tls = numbers;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The Prometheus text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #ordered(): PluginMetrics[] {
    return [...this.#plugins.values()].sort((a, b) => (a.ref.id < b.ref.id ? -1 : 1));
  }

  #register({ collect, ...family }: Family): void {
    const metric = { ...family, aggregator: 'sum', get: async () => ({ ...family, values: collect() }) };
    // The registry calls name and get alone; its type names the four classes that prom-client has.
    this.#registry.registerMetric(metric as unknown as Metric<string>);
  }

  #registerServer(options: MetricsOptions): void {
    const { version, contractVersions } = options;
    this.#register({
      name: 'hal9_build_info',
      help: 'Always 1; the labels say what runs.',
      type: 'gauge',
      collect: () => [
        { labels: { version, node: process.versions.node, contract: contractVersions.join(',') }, value: 1 },
      ],
    });
    this.#register({
      name: 'hal9_prepares_total',
      help: 'Modules that were checked and rewritten rather than taken from the cache.',
      type: 'counter',
      collect: () => [{ labels: {}, value: this.#prepares }],
    });
    this.#register({
      name: 'hal9_refusals_total',
      help: 'gRPC calls that were refused, by the reason of the error table.',
      type: 'counter',
      collect: () => [...this.#refusals].map(([reason, value]) => ({ labels: { reason }, value })),
    });
    this.#register({
      name: 'hal9_denials_total',
      help: 'Callers that were turned away: unknown, without the role, or in the TLS handshake.',
      type: 'counter',
      collect: () => [...this.#denials].map(([reason, value]) => ({ labels: { reason }, value })),
    });
    this.#register({
      name: 'hal9_tls_certificate_expiry_seconds',
      help: "When the server's certificate ends, in seconds of Unix time.",
      type: 'gauge',
      collect: () => (this.#tls === undefined ? [] : [{ labels: {}, value: this.#tls().expirySeconds }]),
    });
    this.#register({
      name: 'hal9_tls_reloads_total',
      help: "Changes of the certificate's files: taken, or refused, the old ones staying in use.",
      type: 'counter',
      collect: () =>
        Object.entries(this.#tls?.().reloads ?? {}).map(([result, value]) => ({ labels: { result }, value })),
    });
    this.#register({
      name: 'hal9_plugins',
      help: 'Installed plugins: active, at rest, or wanted in service and not there.',
      type: 'gauge',
      collect: () => Object.entries(this.#states()).map(([state, value]) => ({ labels: { state }, value })),
    });
    this.#register({
      name: 'hal9_unsigned_plugins',
      help: 'Installed plugins that nobody whom the operator trusts has signed, in service or at rest.',
      type: 'gauge',
      collect: () => [{ labels: {}, value: this.#unsigned() }],
    });
    this.#register({
      name: 'hal9_calls_in_flight',
      help: 'gRPC calls that the server has taken and not answered.',
      type: 'gauge',
      collect: () => [{ labels: {}, value: this.#inFlight() }],
    });
    this.#register({
      name: 'hal9_log_lines_dropped_total',
      help: "Lines of the server's log that were dropped because their reader is too slow.",
      type: 'counter',
      collect: () => [{ labels: {}, value: this.#droppedLogLines }],
    });
  }
}
