import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { packPuppet } from '../test/harness/puppet.js';
import { ServerProcess } from '../test/harness/server-process.js';
import { threadsOf } from './cpu.js';
import { type Bench, measureOf } from './measure.js';
import { putIntoService } from './plugins.js';

const DEADLINE_MS = 200;

/** Beyond this, nobody stopped the guest. */
const GIVE_UP_MS = 10_000;

/** Resolves when one of the threads is gone, with the moment on this process's clock: only the killed one ends. */
async function endOfOne(pid: number, threads: readonly number[]): Promise<number> {
  const until = performance.now() + GIVE_UP_MS;
  while (threads.every((tid) => existsSync(`/proc/${pid}/task/${tid}`))) {
    if (performance.now() > until) throw new Error(`no thread has ended in ${GIVE_UP_MS} ms`);
    await sleep(0.5);
  }
  return performance.now();
}

export const kill: Bench = {
  name: 'kill',
  about: 'from the deadline of a guest that spins to the reply, and to the end of its thread',
  async run({ tries }) {
    const server = await ServerProcess.start({
      flags: ['--call-timeout-ms', String(DEADLINE_MS), '--log-level', 'error'],
    });
    const client = server.connect();
    try {
      const pluginId = await putIntoService(client, await packPuppet({ name: 'spinner' }));
      const say = (content: string) => client.processSignal({ signal: { layer: 'L2', content }, pluginId });
      const toReply: number[] = [];
      const toEnd: number[] = [];
      for (let i = 0; i < tries; i++) {
        // The instance that replaces a killed one answers first, so that no start is measured.
        await say('echo');
        const threads = threadsOf(server.pid);
        const from = performance.now();
        const reply = say('spin').then((response) => ({ response, at: performance.now() }));
        const [{ response, at }, endedAt] = await Promise.all([reply, endOfOne(server.pid, threads)]);
        const result = response.results[0];
        if (result?.outcome !== 'LIMIT' || result.limit !== 'DEADLINE')
          throw new Error(`the guest was not stopped: ${JSON.stringify(result)}`);
        toReply.push(at - from - DEADLINE_MS);
        toEnd.push(endedAt - from - DEADLINE_MS);
      }
      return [
        measureOf('deadline to reply', 'ms', toReply, {
          goal: { atMost: 10 },
          note: 'includes the way of the request to the server',
        }),
        measureOf('deadline to the end of the thread', 'ms', toEnd),
      ];
    } finally {
      client.close();
      await server.stop();
    }
  },
};
