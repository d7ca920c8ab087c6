import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { type Client, connect } from '../../src/client/client.js';

export interface ServerProcessOptions {
  /** The build to run; the project's own by default. */
  dist?: string;
  /** Kept when given; else a fresh one that is removed at the end. */
  dataDir?: string;
  flags?: readonly string[];
  /** Variables besides those of this process. */
  env?: Readonly<Record<string, string>>;
  /** Whether it takes plugins that nobody has signed; by default it does, since most tests are about other things. */
  development?: boolean;
  /** No file may grow beyond this: what is written further fails, as on a full disk. `prlimit` lifts it again. */
  maxFileKib?: number;
}

export interface LogEntry {
  level: string;
  msg: string;
  [field: string]: unknown;
}

/** A real server in a process of its own, on free ports of loopback. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly grpc: string;
  readonly http: string;
  readonly log: LogEntry[];
  readonly dataDir: string;
  /** The build that runs. */
  readonly dist: string;
  readonly #lines: Interface;
  readonly #folder: string;

  private constructor(
    child: ChildProcess,
    ready: { grpc: string; http: string },
    { log, lines }: { log: LogEntry[]; lines: Interface },
    { folder, dataDir, dist }: { folder: string; dataDir: string; dist: string },
  ) {
    this.child = child;
    this.grpc = ready.grpc;
    this.http = ready.http;
    this.log = log;
    this.#lines = lines;
    this.#folder = folder;
    this.dataDir = dataDir;
    this.dist = dist;
  }

  static async start({
    dist = 'dist',
    dataDir: given,
    flags = [],
    env = {},
    development = true,
    maxFileKib,
  }: ServerProcessOptions = {}): Promise<ServerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'hal9-'));
    const ready = join(folder, 'ready.json');
    const dataDir = given ?? join(folder, 'data');
    const places = ['--data-dir', dataDir, '--ready-file', ready];
    const listen = ['--grpc-listen', '127.0.0.1:0', '--http-listen', '127.0.0.1:0'];
    const mode = development ? ['--development'] : [];
    const command = [
      process.execPath,
      resolve(dist, 'src/cli/hal9.js'),
      'serve',
      ...places,
      ...listen,
      ...mode,
      ...flags,
    ];
    const limit = maxFileKib === undefined ? [] : ['bash', '-c', `ulimit -S -f ${maxFileKib}; exec "$0" "$@"`];
    const [program = '', ...args] = [...limit, ...command];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const log: LogEntry[] = [];
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const lines = createInterface(child.stdout);
    lines.on('line', (line) => log.push(entryOf(line)));
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(
        `the server ended with ${String(code)} before it was ready: ${stderr}${JSON.stringify(log.slice(-3))}`,
      );
    });
    const text = await Promise.race([fileAppears(folder, ready), failed]);
    failed.catch(() => {});
    const addresses = JSON.parse(text) as { grpc: string; http: string };
    return new ServerProcess(child, addresses, { log, lines }, { folder, dataDir, dist });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  connect(timeoutMs = 20_000): Client {
    return connect(this.grpc, { timeoutMs });
  }

  /** The first line of the log that fits, now or when it is written. */
  async logged(fits: (entry: LogEntry) => boolean): Promise<LogEntry> {
    for (;;) {
      const found = this.log.find(fits);
      if (found !== undefined) return found;
      await once(this.#lines, 'line');
    }
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://${this.http}/metrics`)).text();
  }

  /** Resident memory now, in bytes. */
  async rss(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** The most that was ever reserved, in bytes: what was taken and never touched counts too. */
  async addressSpace(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmPeak:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** Ends the process in order; returns its exit status. All that it logged has been read then. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.running) {
      const closed = once(this.child, 'close');
      this.child.kill(signal);
      await closed;
    }
    await rm(this.#folder, { recursive: true, force: true });
    return this.child.exitCode;
  }
}

function entryOf(line: string): LogEntry {
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return { level: 'raw', msg: line };
  }
}

/** The watch stands before the first look, or a file that appears in between would be missed. */
async function fileAppears(folder: string, file: string): Promise<string> {
  const watcher = watch(folder);
  try {
    for (;;) {
      const changed = once(watcher, 'change');
      const text = await readIfThere(file);
      if (text !== undefined) return text;
      await changed;
    }
  } finally {
    watcher.close();
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
