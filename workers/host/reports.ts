import type { BindMessage, FromWorker, LogLevel } from '../../src/protocol/bind.js';
import { LEVEL_CASES } from '../abi/generated/logging.js';
import type { HostServices } from '../abi/host-services.js';
import { askedRoots } from './asked-files.js';
import { AskedHttp } from './asked-http.js';
import { AskedMemory } from './asked-memory.js';
import { AskedPlugins } from './asked-plugins.js';
import { AskedSignals } from './asked-signals.js';
import { assetRoots } from './asset-files.js';
import { RunningClock, StandingClock } from './clock.js';
import { ConfigValues } from './config-values.js';
import { GuestLines } from './guest-lines.js';
import { GuestMetrics } from './guest-metrics.js';
import { HostLine } from './host-line.js';
import { LineSplitter } from './line-splitter.js';
import { SeededRandom, SystemRandom } from './random.js';
import { Uses } from './uses.js';

/** What it is told of the plugin. */
type Told = Pick<BindMessage, 'plugin' | 'config' | 'grants' | 'limits' | 'host' | 'assets' | 'directories'>;

/** What one instance may ask of its host, and what it tells: collected here, posted to the main thread. */
export class Reports {
  readonly services: HostServices;
  readonly #lines: GuestLines;
  readonly #metrics: GuestMetrics;
  readonly #uses: Uses;
  readonly #streams: Readonly<Record<'stdout' | 'stderr', LineSplitter>>;
  readonly #line: HostLine | undefined;

  constructor(
    { plugin, config, grants, limits, host, assets, directories }: Told,
    post: (message: FromWorker) => void,
    seed?: Uint32Array,
  ) {
    const lines = new GuestLines(limits, post);
    const splitter = (stream: 'stdout' | 'stderr', level: LogLevel) =>
      new LineSplitter(limits.logLineBytes, (line, cutBytes) => lines.add(level, stream, line, cutBytes));
    const uses = new Uses(post);
    const line = host && new HostLine(host);
    const plugins = new AskedPlugins(line);
    const streams = { stdout: splitter('stdout', 'info'), stderr: splitter('stderr', 'warn') };
    this.#lines = lines;
    this.#line = line;
    this.#metrics = new GuestMetrics(limits.metrics, post);
    this.#uses = uses;
    this.#streams = streams;
    this.services = {
      logging: { log: (level, message) => lines.add(LEVEL_CASES[level] ?? 'error', 'log', message) },
      config: new ConfigValues(config),
      metrics: this.#metrics,
      memory: new AskedMemory(line),
      http: new AskedHttp(line),
      signals: new AskedSignals(line, plugin.id),
      plugins,
      metered: (fuel) => plugins.payWith(fuel),
      clock: uses.clock(grants.time ? new RunningClock() : new StandingClock()),
      random: uses.random(
        grants.random ? new SystemRandom(limits.randomBytes) : new SeededRandom(limits.randomBytes, seed),
      ),
      environmentRead: () => uses.environment(),
      files: [...assetRoots(assets), ...askedRoots(line, directories)],
      output: (stream, bytes) => streams[stream].write(bytes),
    };
  }

  /** What is reported from now on belongs to this call. */
  beginCall(call: number, timeWithheld: boolean): void {
    this.#lines.beginCall(call);
    this.#line?.beginCall(timeWithheld);
  }

  /** A line of the host about the guest. */
  hostLine(level: LogLevel, text: string): void {
    this.#lines.addOwn(level, text);
  }

  /** Posts what has come together: lines at once, the rest at most ten times a second, or now when nothing may follow. */
  flush(last = false): void {
    this.#lines.flush();
    this.#metrics.flush(last);
    this.#uses.flush(last);
  }

  /** Posts all there is, lines that were not finished too: the instance has ended. */
  end(): void {
    this.#streams.stdout.end();
    this.#streams.stderr.end();
    this.flush(true);
  }
}
