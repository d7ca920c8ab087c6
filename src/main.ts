import { readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ServerConfig } from './config.js';
import { createLog, type Log } from './observe/log.js';
import { writeWhole } from './package/durable-file.js';
import { CONTRACT_VERSION } from './protocol/contract.js';
import { type RunningServer, startServer } from './server.js';
import { VERSION } from './version.js';

/** What a shell reports for a process that SIGTERM has ended: the second signal stops at once. */
const STOPPED_AT_ONCE = 143;
const LAST_LINES_MS = 200;

/**
 * Runs the server until it is told to stop: SIGTERM or SIGINT drains and stops, a second one stops at once. SIGHUP reads the
 * configuration again.
 *
 * @param read Reads it from where `config` came from.
 * @throws HostError when it cannot start.
 */
export async function serve(config: ServerConfig, read: () => ServerConfig): Promise<void> {
  let dropped = (): void => {};
  const { log, setLevel, flush } = createLog({
    level: config.logLevel,
    format: config.logFormat,
    onDrop: () => dropped(),
  });
  // From the first moment on: unheard, the signal ends a process.
  let reload = async (): Promise<void> => {};
  process.on('SIGHUP', () => void reload());
  try {
    removeStaleReadyFile(config.readyFile);
    const server = await startServer(config, log, { read, changed: ({ logLevel }) => setLevel(logLevel) });
    dropped = () => server.logDropped();
    reload = () => server.reload();
    const removeReadyFile = await writeReadyFile(config.readyFile, server);
    log.info({ grpc: server.grpc, http: server.http, pid: process.pid, version: VERSION }, 'serving');
    await toldToStop(log, flush);
    removeReadyFile();
    const { cut, threadsEnded } = await server.stop(config.drainTimeoutMs);
    log.info({ cut }, 'stopped');
    if (!threadsEnded) await killOwnProcess(log, flush);
  } finally {
    await flush();
  }
}

/** What a server that was killed left behind: nobody must take it for this one. That of a server that lives stays. */
function removeStaleReadyFile(readyFile: string | undefined): void {
  if (readyFile === undefined) return;
  try {
    const { pid } = JSON.parse(readFileSync(readyFile, 'utf8')) as { pid: number };
    process.kill(pid, 0);
  } catch (error) {
    const lives = error instanceof Error && 'code' in error && error.code === 'EPERM';
    if (!lives) rmSync(readyFile, { force: true });
  }
}

/** The ready file appears whole; returns what removes it. */
async function writeReadyFile(readyFile: string | undefined, { grpc, http }: RunningServer): Promise<() => void> {
  if (readyFile === undefined) return () => {};
  const path = resolve(readyFile);
  const ready = { pid: process.pid, version: VERSION, grpc, http, contractVersions: [CONTRACT_VERSION] };
  await writeWhole(path, `${JSON.stringify(ready)}\n`, { asideDirectory: dirname(path), durable: false });
  return () => rmSync(path, { force: true });
}

/** Code that the engine cannot interrupt holds its thread, and Node waits for its threads, for as long as it takes. */
async function killOwnProcess(log: Log, flush: () => Promise<void>): Promise<void> {
  log.error('a worker thread does not end; killing the process');
  await flush();
  process.kill(process.pid, 'SIGKILL');
}

function toldToStop(log: Log, flush: () => Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const stop = (signal: NodeJS.Signals): void => {
      log.info({ signal }, told ? 'stopping at once' : 'stopping: calls under way may end');
      if (told) {
        // A reader of the log that has stalled must not hold this up.
        setTimeout(() => process.exit(STOPPED_AT_ONCE), LAST_LINES_MS);
        void flush().then(() => process.exit(STOPPED_AT_ONCE));
      }
      told = true;
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
