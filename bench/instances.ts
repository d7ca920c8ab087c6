import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerProcess } from '../test/harness/server-process.js';
import { residentBytes } from './cpu.js';
import { type Bench, type Measure, measureOf, median } from './measure.js';
import { callOnce, packStateless, putIntoService } from './plugins.js';
import { sumOf } from './server-times.js';

const MB = 1e6;
const WARM_CALLS = 200;
/** Long enough for a spare worker to have started again (26 to 60 ms), and for a started server to have settled. */
const SETTLE_MS = 500;
const PLUGINS = 100;
/** Well beyond SERVER_LIMITS.idleInstanceMs. */
const IDLE_WITHIN_MS = 60_000;

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `bench-${i}`);

/** A data directory with so many plugins in service, or only installed. */
async function fillDataDir(dataDir: string, count: number, activate: boolean): Promise<string[]> {
  const server = await ServerProcess.start({ dataDir, flags: ['--log-level', 'warn'] });
  const client = server.connect();
  const ids: string[] = [];
  for (const name of namesOf(count)) {
    if (activate) ids.push(await putIntoService(client, await packStateless(name)));
    else await client.installPlugin(await packStateless(name));
  }
  client.close();
  await server.stop();
  return ids;
}

async function withDataDir<T>(work: (dataDir: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'hal9-bench-'));
  try {
    return await work(join(folder, 'data'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves when no plugin has an instance: activation starts one, which gives its thread back when it has idled. */
async function allIdle(server: ServerProcess): Promise<void> {
  const until = performance.now() + IDLE_WITHIN_MS;
  while (sumOf(await server.metrics(), 'hal9_instances') > 0) {
    if (performance.now() > until) throw new Error(`there are instances after ${IDLE_WITHIN_MS} ms without calls`);
    await sleep(SETTLE_MS);
  }
}

export const cold: Bench = {
  name: 'cold',
  about: 'a call of a stateless plugin that runs, and of one that has no thread',
  async run({ tries }) {
    const server = await ServerProcess.start({ flags: ['--log-level', 'warn'] });
    const client = server.connect();
    try {
      const ids: string[] = [];
      for (const name of namesOf(tries * 2)) ids.push(await putIntoService(client, await packStateless(name)));
      await allIdle(server);
      const withSpare: number[] = [];
      const without: number[] = [];
      for (let i = 0; i < ids.length; i += 2) {
        await sleep(SETTLE_MS);
        withSpare.push(await callOnce(client, ids[i] as string, 'L9'));
        // The spare worker has just been taken.
        without.push(await callOnce(client, ids[i + 1] as string, 'L9'));
      }
      const warm: number[] = [];
      for (let i = 0; i < WARM_CALLS; i++) warm.push(await callOnce(client, ids.at(-1) as string, 'L9'));
      return [
        measureOf('warm call, from a grpc-js client', 'ms', warm),
        measureOf('cold call, a spare worker is ready', 'ms', withSpare),
        measureOf('cold call right after another, no spare', 'ms', without),
      ];
    } finally {
      client.close();
      await server.stop();
    }
  },
};

/** Resident memory of a server that has just started, when it has settled. */
async function residentAtStart(dataDir: string): Promise<number> {
  const server = await ServerProcess.start({ dataDir, flags: ['--log-level', 'warn'] });
  await sleep(SETTLE_MS);
  const bytes = residentBytes(server.pid);
  await server.stop();
  return bytes;
}

/** What each of several running instances adds. */
async function activeBytes(dataDir: string, ids: readonly string[], count: number): Promise<number> {
  const server = await ServerProcess.start({ dataDir, flags: ['--log-level', 'warn'] });
  const client = server.connect();
  // The first brings the client's connection and the code of a call with it.
  await callOnce(client, ids[0] as string, 'L9');
  await sleep(SETTLE_MS);
  const before = residentBytes(server.pid);
  for (const id of ids.slice(1, count + 1)) await callOnce(client, id, 'L9');
  await sleep(SETTLE_MS);
  const bytes = (residentBytes(server.pid) - before) / count;
  client.close();
  await server.stop();
  return bytes;
}

export const memory: Bench = {
  name: 'memory',
  about: 'resident memory of a plugin that is installed, idle and active',
  run: ({ tries }) =>
    withDataDir(async (root) => {
      const [none, installed, idle] = [`${root}-none`, `${root}-installed`, `${root}-idle`] as const;
      await fillDataDir(installed, PLUGINS, false);
      const ids = await fillDataDir(idle, PLUGINS, true);
      const repeat = Math.min(5, tries);
      const sample = async (dataDir: string): Promise<number[]> => {
        const found: number[] = [];
        for (let i = 0; i < repeat; i++) found.push(await residentAtStart(dataDir));
        return found;
      };
      const base = await sample(none);
      const each = (found: readonly number[]): number[] => found.map((bytes) => (bytes - median(base)) / PLUGINS / MB);
      const active: number[] = [];
      for (let i = 0; i < repeat; i++) active.push((await activeBytes(idle, ids, 10)) / MB);
      return [
        measureOf(
          'server without plugins',
          'MB',
          base.map((bytes) => bytes / MB),
        ),
        measureOf('each installed plugin', 'MB', each(await sample(installed))),
        measureOf('each idle plugin: in service, no thread', 'MB', each(await sample(idle))),
        measureOf('each active instance', 'MB', active, { note: 'a worker thread, its code, and the guest' }),
      ];
    }),
};

interface Start {
  /** From the start of the process until it serves. */
  ms: number;
  prepares: number;
  /** The first call of one of the plugins; undefined where there are none. */
  firstCallMs: number | undefined;
}

async function startOnce(dataDir: string, pluginId?: string): Promise<Start> {
  const from = performance.now();
  const server = await ServerProcess.start({ dataDir, flags: ['--log-level', 'warn'] });
  const ms = performance.now() - from;
  const client = server.connect();
  const firstCallMs = pluginId === undefined ? undefined : await callOnce(client, pluginId, 'L9');
  client.close();
  const prepares = sumOf(await server.metrics(), 'hal9_prepares_total');
  await server.stop();
  return { ms, prepares, firstCallMs };
}

export const start: Bench = {
  name: 'start',
  about: 'start of a server with 100 stateless plugins in service, from their cached modules',
  run: ({ tries }) =>
    withDataDir(async (root) => {
      const [none, full] = [`${root}-none`, `${root}-full`] as const;
      const ids = await fillDataDir(full, PLUGINS, true);
      const empty: number[] = [];
      const filled: number[] = [];
      const firstCalls: number[] = [];
      for (let i = 0; i < tries; i++) {
        empty.push((await startOnce(none)).ms);
        const { ms, prepares, firstCallMs = 0 } = await startOnce(full, ids[i % ids.length]);
        if (prepares > 0) throw new Error(`${prepares} modules were prepared again`);
        filled.push(ms);
        firstCalls.push(firstCallMs);
      }
      const each = filled.map((ms) => (ms - median(empty)) / PLUGINS);
      const measures: Measure[] = [
        measureOf('each cached stateless plugin, until routable', 'ms', each, { goal: { atMost: 20 } }),
        measureOf(`start with ${PLUGINS} plugins`, 'ms', filled),
        measureOf('start without plugins', 'ms', empty, { note: 'Node itself, the code, listening' }),
        measureOf('first call of a plugin after the start', 'ms', firstCalls, {
          note: 'the first of the process: connection, thread, instance',
        }),
      ];
      return measures;
    }),
};
