import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ServerConfig } from './config.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { HostError } from './errors.js';
import { startHttp } from './http/server.js';
import { GUEST_LIMITS, SERVER_LIMITS } from './limits.js';
import { guestLog } from './observe/guest-log.js';
import type { Log } from './observe/log.js';
import { Metrics } from './observe/metrics.js';
import { DataDirectory } from './package/data-directory.js';
import { CapabilityRegistry, type PluginRef } from './plugin/capability-registry.js';
import type { PluginRuntime } from './plugin/installed-plugin.js';
import { InstalledPlugins } from './plugin/plugins.js';
import type { CrewObserver } from './pool/crew-spec.js';
import { processMemoryLimit } from './pool/memory-limit.js';
import { Pool } from './pool/pool.js';
import { Preparer } from './prepare/prepare.js';
import { CONTRACT_VERSION } from './protocol/contract.js';
import { executionService } from './rpc/execution.js';
import { managementService } from './rpc/management.js';
import { startRpc } from './rpc/server.js';
import { SignalStreams } from './rpc/signal-stream.js';
import { type Audit, SERVER_ACTOR } from './sandbox/audit/audit-event.js';
import { AuditLog } from './sandbox/audit/audit-log.js';
import { openDenials, openGatekeeper } from './server/access.js';
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
  /** Stops in order: not serving, drain, end every instance, close. */
  stop(drainMs: number): Promise<Stopped>;
}

/**
 * Wires the parts together and serves.
 *
 * @throws HostError DATA_DIR_LOCKED, DATA_DIR_SCHEMA, LISTEN_REFUSED; what was opened is closed again.
 */
export async function startServer(config: ServerConfig, log: Log): Promise<RunningServer> {
  if (config.tlsCert !== undefined) throw new HostError('NOT_IMPLEMENTED', 'this build cannot speak TLS yet');
  const directory = await DataDirectory.open(config.dataDir);
  const closers: (() => Promise<unknown>)[] = [() => directory.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const metrics = new Metrics({ version: VERSION, contractVersions: [CONTRACT_VERSION] });
    const audit = openAudit(directory.auditDirectory, metrics, log);
    closers.push(() => closeAudit(audit));
    const gatekeeper = openGatekeeper(config, openDenials({ log, metrics, audit }));
    const pool = openPool(config, log);
    let threadsEnded = true;
    closers.push(async () => {
      threadsEnded = await pool.close();
    });
    const registry = new CapabilityRegistry();
    const plugins = new InstalledPlugins({
      store: directory.store,
      preparer: new Preparer({ cache: directory.cache, hostVersion: VERSION, prepared: () => metrics.prepared() }),
      runtime: runtimeOf({ config, pool, registry, metrics, audit, log }),
      audit,
      log,
      drainMs: config.callTimeoutMs,
      forgotten: (id) => metrics.removePlugin(id),
    });
    closers.push(() => plugins.close(0));
    metrics.watchPlugins(() => plugins.countByState());
    for (const { ref } of await plugins.open(config.devDirs)) warnOfDirectory(ref, log);
    const needed = plugins.preparedKeys();
    if (needed !== undefined) await directory.cache.retain(needed);
    const { streams, execution } = openExecution(config, registry, metrics);
    const rpc = await startRpc({
      config,
      log,
      metrics,
      services: [execution, managementService(plugins)],
      gatekeeper,
      onDrain: () => streams.drain(),
    });
    closers.push(async () => rpc.forceShutdown());
    metrics.watchInFlight(() => rpc.inFlight.count);
    let serving = true;
    const http = await startHttp({
      config,
      log,
      metrics,
      gatekeeper,
      notReady: () => (serving ? undefined : 'the server is stopping'),
    });
    closers.push(() => http.stop());
    rpc.serve();
    return {
      grpc: rpc.address,
      http: http.address,
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

/** That a server starts must not depend on the audit log: calls go on without it, and what changes anything does not. */
function openAudit(directory: string, metrics: Metrics, log: Log): AuditLog {
  const audit = new AuditLog({ directory, log });
  metrics.watchAudit(() => audit.counts);
  const details = { version: VERSION, node: process.version, pid: String(process.pid) };
  audit.note({ event: 'server.start', actor: SERVER_ACTOR, details });
  return audit;
}

async function closeAudit(audit: AuditLog): Promise<void> {
  audit.note({ event: 'server.stop', actor: SERVER_ACTOR });
  await audit.close();
}

function openExecution({ maxMessageBytes }: ServerConfig, registry: CapabilityRegistry, metrics: Metrics) {
  const dispatcher = new Dispatcher(registry);
  const refused = (refusal: HostError): void => metrics.refused(refusal.reason);
  const streams = new SignalStreams({ dispatcher, refused, maxReplyBytes: maxMessageBytes });
  return { streams, execution: executionService(dispatcher, streams, maxMessageBytes) };
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

function runtimeOf(parts: {
  config: ServerConfig;
  pool: Pool;
  registry: CapabilityRegistry;
  metrics: Metrics;
  audit: Audit;
  log: Log;
}): PluginRuntime {
  const { config, pool, registry, metrics, audit, log } = parts;
  return {
    pool,
    registry,
    hostVersion: VERSION,
    callTimeoutMs: config.callTimeoutMs,
    callFuel: config.callFuel,
    queueLength: config.queueLength,
    observe(ref) {
      const numbers = metrics.plugin(ref);
      const lines = guestLog(log, ref, numbers);
      return { metrics: numbers, observer: observerOf(ref, { numbers, lines, audit, log }) };
    },
  };
}

function observerOf(
  ref: PluginRef,
  to: { numbers: ReturnType<Metrics['plugin']>; lines: ReturnType<typeof guestLog>; audit: Audit; log: Log },
): CrewObserver {
  return {
    called: (kind, outcome, guestTimeUs, queueTimeUs, fuel) =>
      to.numbers.called(kind, outcome, guestTimeUs, queueTimeUs, fuel),
    killed(reason, message, origin) {
      to.numbers.killed(reason);
      const { name, id, version } = ref;
      to.log.warn({ plugin: name, pluginId: id, version, reason, detail: message, ...origin }, 'an instance was ended');
      const details = { reason, message, ...origin };
      to.audit.note({ event: 'plugin.kill', actor: SERVER_ACTOR, plugin: { id, name, version }, details });
    },
    log: (message, originOf) => to.lines(message, originOf),
    metrics: (message) => to.numbers.report(message),
  };
}
