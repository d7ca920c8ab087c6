import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LiveConfig } from './config/live-config.js';
import { guestVariable, type ServerConfig } from './config.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { HostError } from './errors.js';
import { ConfiguredLimits } from './host/configured-limits.js';
import { dropOrphans } from './host/memory/namespaces.js';
import type { MemoryStore } from './host/memory/store.js';
import { openBroker } from './host/open-broker.js';
import { PluginRates } from './host/plugin-rates.js';
import { startHttp } from './http/server.js';
import { GUEST_LIMITS, SERVER_LIMITS } from './limits.js';
import type { Log } from './observe/log.js';
import { Metrics } from './observe/metrics.js';
import { DataDirectory } from './package/data-directory.js';
import { CapabilityRegistry, type PluginRef } from './plugin/capability-registry.js';
import type { PluginRuntime } from './plugin/installed-plugin.js';
import { OperatorKeys } from './plugin/operator-keys.js';
import { PermissionUses } from './plugin/permission-uses.js';
import { InstalledPlugins } from './plugin/plugins.js';
import { processMemoryLimit } from './pool/memory-limit.js';
import { Pool } from './pool/pool.js';
import { type ModuleCache, Preparer, readingOnly } from './prepare/prepare.js';
import { CONTRACT_VERSION } from './protocol/contract.js';
import { executionService } from './rpc/execution.js';
import { keyService } from './rpc/keys.js';
import { managementService } from './rpc/management.js';
import { memoryService } from './rpc/memory.js';
import { startRpc } from './rpc/server.js';
import { SignalStreams } from './rpc/signal-stream.js';
import type { Audit } from './sandbox/audit/audit-event.js';
import { ConfiguredGrants } from './sandbox/configured-grants.js';
import { Trust } from './sandbox/trust.js';
import { TrustStore } from './sandbox/trust-store.js';
import { openAccess } from './server/access.js';
import { closeAudit, openAudit } from './server/audit.js';
import { ServerFiles } from './server/files.js';
import { forget, openMemory } from './server/memory.js';
import { observerOf } from './server/observer.js';
import { othersOf } from './server/others.js';
import { type Again, Reload } from './server/reload.js';
import { VERSION } from './version.js';

const WORKER_FILE = fileURLToPath(new URL('../workers/plugin-worker.bundle.cjs', import.meta.url));

/** How a server has stopped. */
export interface Stopped {
  /** Calls that were cut off. */
  cut: number;
  /** False when a thread does not end: the process has to be killed, since it waits for its threads. */
  threadsEnded: boolean;
}

/** A server that serves. */
export interface RunningServer {
  grpc: string;
  http: string;
  /** Counts a line of the log that was dropped. */
  logDropped(): void;
  /** Reads again what may change while it runs, and says what came of it in the log. */
  reload(): Promise<void>;
  /** Stops in order: not serving, drain, end every instance, close. */
  stop(drainMs: number): Promise<Stopped>;
}

/**
 * Wires the parts together and serves.
 *
 * @throws HostError DATA_DIR_LOCKED, DATA_DIR_SCHEMA, LISTEN_REFUSED; what was opened is closed again.
 */
export async function startServer(config: ServerConfig, log: Log, again?: Again): Promise<RunningServer> {
  const live = new LiveConfig(config);
  const limits = new ConfiguredLimits(config.limits);
  live.onChange((changed) => limits.replace(changed.limits));
  const directory = await DataDirectory.open(config.dataDir);
  const closers: (() => Promise<unknown>)[] = [() => directory.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const metrics = new Metrics({ version: VERSION, contractVersions: [CONTRACT_VERSION] });
    const audit = openAudit(directory.auditDirectory, config, { metrics, log });
    closers.push(() => closeAudit(audit));
    const memory = await openMemory(directory.memoryFile, log);
    closers.push(() => memory.close());
    const files = new ServerFiles({ ...config, scratch: directory.scratchDirectory, log });
    closers.push(() => files.close());
    const access = await openAccess(config, { log, metrics, audit });
    closers.push(async () => access.close());
    const pool = openPool(config, log);
    let threadsEnded = true;
    closers.push(() => pool.close().then((ended) => (threadsEnded = ended)));
    const dispatcher = new Dispatcher(new CapabilityRegistry());
    const store = await TrustStore.open(directory.trustFile, directory.asideDirectory);
    const plugins = createPlugins({
      ...{ live, limits, directory, pool, dispatcher, memory, files, store, metrics, audit, log },
    });
    closers.push(() => plugins.close(0));
    for (const { ref } of await plugins.open(config.devDirs)) warnOfDirectory(ref, log);
    await dropLeftovers({ plugins, directory, memory, files, log });
    const { streams, execution } = openExecution(config, dispatcher, metrics);
    const rpc = await startRpc({
      config,
      log,
      metrics,
      services: [
        execution,
        memoryService(memory, plugins, limits),
        managementService(plugins),
        keyService(new OperatorKeys({ store, plugins, audit, log })),
      ],
      ...access,
      onDrain: () => streams.drain(),
    });
    closers.push(async () => rpc.forceShutdown());
    metrics.watchInFlight(() => rpc.inFlight.count);
    let serving = true;
    const notReady = (): string | undefined => (serving ? undefined : 'the server is stopping');
    const http = await startHttp({ config, log, metrics, ...access, notReady });
    closers.push(() => http.stop());
    rpc.serve();
    const reload = new Reload({ live, again, ...access, audit, log });
    return {
      grpc: rpc.address,
      http: http.address,
      reload: () => reload.run(),
      logDropped: () => metrics.logDropped(),
      async stop(drainMs) {
        serving = false;
        const cut = await rpc.shutdown(drainMs);
        await closeAll();
        return { cut, threadsEnded };
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function createPlugins(parts: {
  live: LiveConfig;
  limits: ConfiguredLimits;
  directory: DataDirectory;
  pool: Pool;
  dispatcher: Dispatcher;
  store: TrustStore;
  memory: MemoryStore;
  files: ServerFiles;
  metrics: Metrics;
  audit: Audit;
  log: Log;
}): InstalledPlugins {
  const { live, limits, directory, memory, files, metrics, audit, log } = parts;
  const config = live.current;
  const rates = new PluginRates(limits);
  const trust = new Trust(parts.store, config.development);
  if (trust.development) log.warn('development mode: plugins run that nobody whom you trust has signed');
  const plugins = new InstalledPlugins({
    store: directory.store,
    ...preparersOf(directory.cache, metrics),
    runtime: runtimeOf({ ...parts, rates, trust }),
    audit,
    log,
    drainMs: config.callTimeoutMs,
    async forgotten(id) {
      metrics.removePlugin(id);
      rates.forget(id);
      await forget(memory, id, log);
      await files.forget(id);
    },
  });
  metrics.watchPlugins(
    () => plugins.counts.countByState(),
    () => plugins.counts.countUnsigned(),
  );
  live.onChange(({ grants }) => void plugins.replaceConfigured(grants));
  return plugins;
}

function openExecution({ maxMessageBytes }: ServerConfig, dispatcher: Dispatcher, metrics: Metrics) {
  const refused = (refusal: HostError): void => metrics.refused(refusal.reason);
  const streams = new SignalStreams({ dispatcher, refused, maxReplyBytes: maxMessageBytes });
  return { streams, execution: executionService(dispatcher, streams, maxMessageBytes) };
}

/** Removes what belongs to plugins that are not installed: a crash may have come between their removal and its. */
async function dropLeftovers(parts: {
  plugins: InstalledPlugins;
  directory: DataDirectory;
  memory: MemoryStore;
  files: ServerFiles;
  log: Log;
}): Promise<void> {
  const { plugins, directory, memory, files, log } = parts;
  const needed = plugins.preparedKeys();
  if (needed !== undefined) await directory.cache.retain(needed);
  await dropOrphans(memory, (id) => plugins.knows(id), log);
  await files.dropOrphans((id) => plugins.knows(id));
}

/** Such a plugin is gone again when the server stops. */
function warnOfDirectory({ name, id, version }: PluginRef, log: Log): void {
  log.warn({ plugin: name, pluginId: id, version }, 'a plugin runs from a development directory: unsigned');
}

function openPool(config: ServerConfig, log: Log): Pool {
  if (!existsSync(WORKER_FILE))
    throw new HostError('INTERNAL', 'the worker is missing from this build; run npm run build');
  const limit = config.memoryLimitBytes ?? processMemoryLimit();
  return new Pool({
    workerFile: WORKER_FILE,
    maxThreads: config.maxThreads,
    maxMemoryBytes: Math.max(0, limit * SERVER_LIMITS.guestShare - SERVER_LIMITS.mainThreadBytes),
    threadBytes: SERVER_LIMITS.threadBytes,
    workerHeapMb: GUEST_LIMITS.workerHeapMb,
    stackBytes: GUEST_LIMITS.stackBytes,
    spares: config.spareWorkers,
    idleMs: SERVER_LIMITS.idleInstanceMs,
    quantumMs: SERVER_LIMITS.threadQuantumMs,
    onThreadError: (error) => log.error({ err: error }, 'a worker thread failed'),
  });
}

function preparersOf(cache: ModuleCache, metrics: Metrics): { preparer: Preparer; dryPreparer: Preparer } {
  return {
    preparer: new Preparer({ cache, hostVersion: VERSION, prepared: () => metrics.prepared() }),
    dryPreparer: new Preparer({ cache: readingOnly(cache), hostVersion: VERSION }),
  };
}

function runtimeOf(parts: {
  live: LiveConfig;
  limits: ConfiguredLimits;
  rates: PluginRates;
  pool: Pool;
  dispatcher: Dispatcher;
  memory: MemoryStore;
  files: ServerFiles;
  trust: Trust;
  metrics: Metrics;
  audit: Audit;
  log: Log;
}): PluginRuntime {
  const { live, limits, rates, pool, dispatcher, memory, files, trust, metrics, audit, log } = parts;
  const others = othersOf(dispatcher);
  const { registry } = dispatcher;
  return {
    ...{ pool, registry, trust },
    hostVersion: VERSION,
    // As they are when a plugin is put into service.
    get callTimeoutMs() {
      return live.current.callTimeoutMs;
    },
    get callFuel() {
      return live.current.callFuel;
    },
    get queueLength() {
      return live.current.queueLength;
    },
    uses: new PermissionUses(),
    configured: new ConfiguredGrants(live.current.grants),
    environment: (name) => guestVariable(name),
    limits: ({ id }) => limits.of(id),
    hostCalls: (ref, rights) =>
      openBroker({ metrics: metrics.plugin(ref), rates: rates.of(ref.id) }, rights, {
        ...{ memory, filesOf: (id) => files.partsOf(id), others, limits, audit, log },
      }),
    rootsOf: (pluginId) => files.rootsOf(pluginId),
    observe(ref) {
      const numbers = metrics.plugin(ref);
      return { metrics: numbers, observer: observerOf({ numbers, rates: rates.of(ref.id), audit, log }) };
    },
  };
}
