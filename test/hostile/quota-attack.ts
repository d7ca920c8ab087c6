import { QUOTAS } from '../../src/limits/quotas.js';
import { MEMORY_LIMITS } from '../../src/limits.js';
import { Flooder } from '../harness/flooder.js';
import type { ServerProcess } from '../harness/server-process.js';
import type { Attack } from './guest-attacks.js';

/** Calls at once: more than the plugin may have instances. */
const IN_FLIGHT = 8;
/** One long word, which is quickly indexed. */
const LARGEST = `"${'x'.repeat(MEMORY_LIMITS.maxValueBytes - 2)}"`;
/** A third more than there is room for. */
const CALLS = Math.ceil(((QUOTAS['memory bytes'] / LARGEST.length) * 4) / 3);

/** Instances of one plugin write all at once; together they must not keep more than one may. */
async function storm(server: ServerProcess, name: string, keyOf: (call: number) => string): Promise<Outcome> {
  const client = server.connect(60_000);
  const flooder = await Flooder.install(client, { name, asks: ['Hal9Memory'] });
  try {
    const waiting = Array.from({ length: CALLS }, (_, call) => keyOf(call));
    const refusals: number[] = [];
    const writer = async (): Promise<void> => {
      for (let key = waiting.shift(); key !== undefined; key = waiting.shift())
        refusals.push(await flooder.call({ what: 'set', times: 1, key, text: LARGEST }));
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, writer));
    const { plugins } = await client.getPluginUsage(name);
    const use = plugins[0]?.limits.find(({ limit }) => limit === 'memory-bytes');
    const refused = refusals.reduce((sum, each) => sum + each, 0);
    return { kept: Number(use?.used), counted: Number(use?.limited), refused };
  } finally {
    await flooder.remove();
    client.close();
  }
}

interface Outcome {
  kept: number;
  refused: number;
  /** As refused. */
  counted: number;
}

export const quotaAttacks: readonly Attack[] = [
  {
    id: 'quota/more-than-may-be',
    defence: undefined,
    async run(server) {
      const { kept, refused, counted } = await storm(server, 'hoarder', (call) => `k${call}`);
      if (kept === 0 || kept > QUOTAS['memory bytes']) return `it keeps ${kept} bytes`;
      return refused > 0 && refused === counted ? undefined : `${refused} were refused, ${counted} were counted`;
    },
  },
  {
    id: 'quota/again-and-again',
    defence: undefined,
    async run(server) {
      const { kept, refused } = await storm(server, 'rewriter', () => 'k');
      return kept === LARGEST.length + 1 && refused === 0
        ? undefined
        : `it keeps ${kept} bytes, ${refused} were refused`;
    },
  },
];
