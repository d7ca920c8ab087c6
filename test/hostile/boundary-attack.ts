import { readFileSync } from 'node:fs';
import { packPuppet } from '../harness/puppet.js';
import type { ServerProcess } from '../harness/server-process.js';
import { packWat } from '../harness/wat-plugin.js';
import type { Attack } from './guest-attacks.js';

const SECRET = 'what another caller sent to another plugin';
const ROUNDS = 40;
/** Where the guest lets the host put its arguments, and how much from there on it hands out: far more than it was given. */
const [FROM, BYTES] = [65_536, 65_536];

const ANSWER = '(i32.store (i32.const 2076) (local.get $answer)) (i32.store (i32.const 2080) (local.get $length))';
const ALL = `(i32.store (i32.const 2076) (i32.const ${FROM})) (i32.store (i32.const 2080) (i32.const ${BYTES}))`;

/** A neuron that answers with its arguments and all the memory behind them. */
async function packPeeping(name: string): Promise<Uint8Array> {
  const puppet = readFileSync('test/guests/puppet.wat', 'utf8');
  const wat = puppet.replace(ANSWER, ALL);
  if (wat === puppet) throw new Error('the puppet has changed: expected the place where it stores its answer');
  const capability = {
    type: 'NeuronType',
    config: { layer: 'L3', neuron_type: 'peeping', description: 'Looks around.' },
  };
  const tool = { type: 'ToolProvider', config: { tool_name: name, tool_description: 'None.', parameters: [] } };
  return packWat({ name, wat, capabilities: [capability, tool] });
}

/** What crosses a thread beside a call's own bytes would show up behind them. */
async function peep(server: ServerProcess): Promise<string | undefined> {
  const client = server.connect();
  const names = ['peeping', 'confidant'];
  try {
    await client.installPlugin(await packPeeping('peeping'));
    await client.installPlugin(await packPuppet({ name: 'confidant', layer: 'L4', tool: 'confide' }));
    for (const name of names) await client.activatePlugin(name);
    const seen: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const [peeped] = await Promise.all([
        client.processSignal({ signal: { layer: 'L3', content: `mine ${round}` } }),
        client.processSignal({ signal: { layer: 'L4', content: `e${SECRET}` } }),
      ]);
      seen.push(peeped.results[0]?.signals[0]?.content ?? '');
    }
    if (!seen.every((content, round) => content.length === BYTES && content.includes(`mine ${round}`))) {
      return 'the guest did not get to look around';
    }
    return seen.some((content) => content.includes(SECRET)) ? 'it saw what another plugin was sent' : undefined;
  } finally {
    for (const name of names) {
      await client.deactivatePlugin(name).catch(() => undefined);
      await client.uninstallPlugin(name).catch(() => undefined);
    }
    client.close();
  }
}

export const boundaryAttacks: readonly Attack[] = [
  { id: 'boundary/bytes-of-other-callers', defence: undefined, run: peep },
];
