import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Client } from '../src/client/client.js';
import type { AuditEvent } from '../src/sandbox/audit/audit-event.js';
import { listAuditFiles } from '../src/sandbox/audit/audit-files.js';
import { encodeLine, START } from '../src/sandbox/audit/audit-line.js';
import { AuditLog } from '../src/sandbox/audit/audit-log.js';
import { verifyChain } from '../src/sandbox/audit/verify.js';
import { packPuppet } from '../test/harness/puppet.js';
import { ServerProcess } from '../test/harness/server-process.js';
import { type Bench, type BenchOptions, type Measure, measureOf } from './measure.js';
import { putIntoService } from './plugins.js';

const EVENT: AuditEvent = {
  event: 'plugin.activate',
  actor: 'operator@example.com',
  plugin: { id: '0d4c8e5a-3f0b-4a53-9a8a-6a9b7f3c2d10', name: 'sentiment-analyzer', version: '0.1.0' },
  details: { digest: 'ab'.repeat(32), config_sha256: 'cd'.repeat(32) },
};

const silent = { error: () => {}, warn: () => {} };

/** Runs in a folder of its own, with a log in it. */
async function withLog<T>(action: (audit: AuditLog, directory: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'hal9-bench-'));
  const directory = join(folder, 'audit');
  const audit = new AuditLog({ directory, log: silent });
  try {
    return await action(audit, directory);
  } finally {
    await audit.close();
    await rm(folder, { recursive: true });
  }
}

/** Durable lines a second, with so many that wait at any time. */
function throughput(waiting: number, { tries, burstMs }: BenchOptions): Promise<number[]> {
  return withLog(async (audit) => {
    const rates: number[] = [];
    for (let i = 0; i < tries; i++) {
      const [before, from] = [audit.counts.lines, performance.now()];
      const lane = async (): Promise<void> => {
        while (performance.now() < from + burstMs) await audit.append(EVENT);
      };
      await Promise.all(Array.from({ length: waiting }, lane));
      rates.push(((audit.counts.lines - before) * 1_000) / (performance.now() - from));
    }
    return rates;
  });
}

/** Milliseconds that a change waits for its line when nothing else is written. */
function oneLine({ tries }: BenchOptions): Promise<number[]> {
  return withLog(async (audit) => {
    const times: number[] = [];
    await audit.append(EVENT);
    for (let i = 0; i < tries * 10; i++) {
      const from = performance.now();
      await audit.append(EVENT);
      times.push(performance.now() - from);
    }
    return times;
  });
}

const ENCODED = 2_000;

/** Microseconds of the main thread for the bytes and the hash of a line. */
function encoding({ tries }: BenchOptions): number[] {
  return Array.from({ length: tries }, () => {
    const from = performance.now();
    let head = START;
    for (let i = 0; i < ENCODED; i++) head = encodeLine(EVENT, from, head).head;
    return ((performance.now() - from) * 1_000) / ENCODED;
  });
}

const VERIFIED = 20_000;

function verifying({ tries }: BenchOptions): Promise<number[]> {
  return withLog(async (audit, directory) => {
    for (let i = 0; i < VERIFIED; i += 500) await Promise.all(Array.from({ length: 500 }, () => audit.append(EVENT)));
    const files = await listAuditFiles(directory);
    const rates: number[] = [];
    for (let i = 0; i < tries; i++) {
      const from = performance.now();
      const { lines } = await verifyChain(files);
      rates.push((lines * 1_000) / (performance.now() - from));
    }
    return rates;
  });
}

const CALLS = 2_000;

/** Lines that calls of a plugin have added, and how long a change takes over gRPC, its line included. */
async function server({ tries }: BenchOptions): Promise<Measure[]> {
  const running = await ServerProcess.start({ flags: ['--log-level', 'error'] });
  const client = running.connect();
  try {
    const pluginId = await putIntoService(client, await packPuppet({ name: 'echo' }));
    await loaded(running);
    const before = await linesOf(running);
    for (let i = 0; i < CALLS; i += 100) await Promise.all(Array.from({ length: 100 }, () => echo(client, pluginId)));
    const added = (await linesOf(running)) - before;
    const changes: number[] = [];
    for (let i = 0; i < tries; i++) {
      const from = performance.now();
      // It is active already: nothing is started, so that the line and the index are what is measured.
      await client.activatePlugin(pluginId);
      changes.push(performance.now() - from);
    }
    return [
      { name: `lines that ${CALLS} calls added`, value: added, unit: 'lines', goal: { atMost: 0 } },
      measureOf('a change over gRPC, its line and the index on disk', 'ms', changes),
    ];
  } finally {
    client.close();
    await running.stop();
  }
}

const echo = (client: Client, pluginId: string) =>
  client.processSignal({ signal: { layer: 'L2', content: 'echo' }, pluginId });

const LOADED_MS = 10_000;

/** Nobody waits for the line of a load, so it could be taken for one of a call. */
async function loaded({ dataDir }: ServerProcess): Promise<void> {
  const untilMs = performance.now() + LOADED_MS;
  for (;;) {
    const text = await readFile(join(dataDir, 'audit/000001.jsonl'), 'utf8');
    if (text.includes('"plugin.load"')) return;
    if (performance.now() > untilMs) throw new Error('the audit log has no line of the load');
    await setTimeout(5);
  }
}

async function linesOf(running: ServerProcess): Promise<number> {
  const line = /^hal9_audit_lines_total (\d+)$/m.exec(await running.metrics());
  if (line === null) throw new Error('the server does not say how many lines its audit log has');
  return Number(line[1]);
}

export const audit: Bench = {
  name: 'audit',
  about: 'what a line of the audit log costs a change, and that calls write none',
  async run(options) {
    return [
      measureOf('a line alone, until the disk has it', 'ms', await oneLine(options)),
      measureOf('durable lines, 1 waiting', 'lines/s', await throughput(1, options)),
      measureOf('durable lines, 16 waiting', 'lines/s', await throughput(16, options)),
      measureOf('durable lines, 256 waiting', 'lines/s', await throughput(256, options), {
        note: 'what waits is written together, and the disk asked once',
      }),
      measureOf('bytes and hash of a line', 'us', encoding(options)),
      measureOf('verifying', 'lines/s', await verifying(options)),
      ...(await server(options)),
    ];
  },
};
