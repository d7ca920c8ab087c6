import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, getPriority } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { Flooder } from '../harness/flooder.js';
import { ServerProcess } from '../harness/server-process.js';

const COMPUTE = { what: 'compute', times: 20_000_000 } as const;

const PROCESSORS = availableParallelism();

// Other systems do not number threads; a large machine has more processors than a server has threads for one plugin.
describe.runIf(process.platform === 'linux' && PROCESSORS <= 4)('a plugin that computes most of the time', () => {
  let server: ServerProcess;
  let client: Client;

  beforeAll(async () => {
    server = await ServerProcess.start();
    client = server.connect();
  });

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  /** Of the server's threads that stand back. */
  function standingBack(): string[] {
    const tasks = `/proc/${server.pid}/task`;
    const usual = getPriority(server.pid);
    return readdirSync(tasks).filter((thread) => (niceOf(`${tasks}/${thread}/stat`) ?? usual) > usual);
  }

  it('stands back where it takes all processors', async () => {
    const greedy = await Flooder.install(client, { name: 'greedy' });
    const modest = await Flooder.install(client, { name: 'modest' });
    await modest.call({ ...COMPUTE, times: 1 });
    expect(standingBack()).toEqual([]);
    const flood = greedy.start(COMPUTE, PROCESSORS + 1);
    await expect.poll(standingBack).not.toEqual([]);
    await flood.end();
  });

  it('stands back from its start where its instances end before anybody can look at them', async () => {
    const dying = await Flooder.install(client, { name: 'dying' });
    let ends = 0;
    let more = true;
    const dies = (async () => {
      for (; more; ends++) await dying.call({ ...COMPUTE, fuel: 200_000_000 }).catch(() => undefined);
    })();
    try {
      await expect.poll(() => ends).toBeGreaterThan(5);
      await expect.poll(standingBack, { interval: 1 }).not.toEqual([]);
    } finally {
      more = false;
      await dies;
    }
  });
});

/** The 19th field of proc(5), `/proc/pid/stat`, counted behind the name, which may have spaces in it; none of a thread that has ended. */
function niceOf(stat: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(stat, 'latin1');
  } catch {
    return undefined;
  }
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16]);
}
