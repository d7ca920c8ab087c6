import { readFileSync } from 'node:fs';
import type { Client } from '../../src/client/client.js';
import { packPuppet } from '../harness/puppet.js';
import type { ServerProcess } from '../harness/server-process.js';
import { packWat } from '../harness/wat-plugin.js';
import type { Attack } from './guest-attacks.js';

const SECRET = 'what another caller sent to another plugin';
const ROUNDS = 40;
/** Callers at once, so that some of their calls cross to the plugin's thread in one buffer. */
const CALLERS = 16;
/** Where the guest lets the host put its arguments, and how much from there on it hands out: far more than it was given. */
const [FROM, BYTES] = [65_536, 65_536];

const ANSWER = '(i32.store (i32.const 2076) (local.get $answer)) (i32.store (i32.const 2080) (local.get $length))';
const ALL = `(call $ascii) (i32.store (i32.const 2076) (i32.const ${FROM})) (i32.store (i32.const 2080) (i32.const ${BYTES}))`;
const ALLOCATE = '(local $at i32)\n    (local.set $at';
/** What it has from earlier calls is its own: it begins each one with clean memory. */
const CLEAN = `(local $at i32)
    (if (i32.eq (global.get $next) (i32.const ${FROM}))
      (then (memory.fill (i32.const ${FROM}) (i32.const 0) (i32.const ${2 * BYTES}))))
    (local.set $at`;
const WAIT = '(func $wait';
/** Whatever it has found, as a string that the host takes. */
const ASCII = `(func $ascii (local $i i32)
    (loop $next-word
      (i64.store offset=${FROM} (local.get $i)
        (i64.and (i64.load offset=${FROM} (local.get $i)) (i64.const 0x7f7f7f7f7f7f7f7f)))
      (br_if $next-word (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const ${BYTES})))))
  ${WAIT}`;

/** A neuron that answers with its arguments and all the memory behind them. */
async function packPeeping(name: string): Promise<Uint8Array> {
  let wat = readFileSync('test/guests/puppet.wat', 'utf8');
  for (const [place, instead] of [
    [ANSWER, ALL],
    [ALLOCATE, CLEAN],
    [WAIT, ASCII],
  ] as const) {
    if (!wat.includes(place)) throw new Error(`the puppet has changed: expected ${place}`);
    wat = wat.replace(place, instead);
  }
  const capability = {
    type: 'NeuronType',
    config: { layer: 'L3', neuron_type: 'peeping', description: 'Looks around.' },
  };
  const tool = { type: 'ToolProvider', config: { tool_name: name, tool_description: 'None.', parameters: [] } };
  return packWat({ name, wat, capabilities: [capability, tool] });
}

/** Lets the plugin look around in each of so many calls: what it answers by what it was sent. */
async function look(client: Client, sent: readonly string[]): Promise<(readonly [sent: string, seen: string])[]> {
  return Promise.all(
    sent.map(async (content) => {
      const { results } = await client.processSignal({ signal: { layer: 'L3', content } });
      return [content, results[0]?.signals[0]?.content ?? ''] as const;
    }),
  );
}

/** @returns what went wrong */
async function peep(
  server: ServerProcess,
  beside: readonly string[],
  round: (client: Client, number: number) => Promise<string | undefined>,
): Promise<string | undefined> {
  const client = server.connect();
  const names = ['peeping', ...beside];
  try {
    await client.installPlugin(await packPeeping('peeping'));
    for (const name of beside) await client.installPlugin(await packPuppet({ name, layer: 'L4', tool: 'confide' }));
    for (const name of names) await client.activatePlugin(name);
    for (let number = 0; number < ROUNDS; number++) {
      const fault = await round(client, number);
      if (fault !== undefined) return fault;
    }
    return undefined;
  } finally {
    for (const name of names) {
      await client.deactivatePlugin(name).catch(() => undefined);
      await client.uninstallPlugin(name).catch(() => undefined);
    }
    client.close();
  }
}

function faultOf([sent, seen]: readonly [string, string], ofOthers: readonly string[]): string | undefined {
  if (seen.length !== BYTES || !seen.includes(sent)) return 'the guest did not get to look around';
  return ofOthers.some((text) => text !== sent && seen.includes(text)) ? 'it saw what others had sent' : undefined;
}

export const boundaryAttacks: readonly Attack[] = [
  {
    // Their calls for one plugin cross to its thread together.
    id: 'boundary/bytes-of-other-callers',
    defence: 'exact-slices',
    run: (server) =>
      peep(server, [], async (client, number) => {
        const sent = Array.from({ length: CALLERS }, (_, caller) => `round ${number}, caller ${caller}.`);
        const looks = await look(client, sent);
        return looks.map((each) => faultOf(each, sent)).find((fault) => fault !== undefined);
      }),
  },
  {
    // Nothing to take out: a plugin's thread is sent buffers that were made for it alone.
    id: 'boundary/bytes-of-other-plugins',
    defence: undefined,
    run: (server) =>
      peep(server, ['confidant'], async (client, number) => {
        const [[seen]] = await Promise.all([
          look(client, [`mine ${number}`]),
          client.processSignal({ signal: { layer: 'L4', content: `e${SECRET}` } }),
        ]);
        return seen === undefined ? 'it was not called' : faultOf(seen, [SECRET]);
      }),
  },
];
