import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CallError } from '../../src/client/call-error.js';
import { Keeper } from '../harness/keeper.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import type { Attack } from './guest-attacks.js';

/** What a guest is told of every failure of the server's own. */
const PLAIN = 'INTERNAL_ERROR: the server failed; its log says more';

/** A caller makes the server fail at its own files: Node's words for that hold their paths. */
async function provoke(dist: string): Promise<string | undefined> {
  const server = await ServerProcess.start({ dist });
  const client = server.connect();
  try {
    for (const name of ['packages', 'prepared', 'aside']) {
      rmSync(join(server.dataDir, name), { recursive: true });
      writeFileSync(join(server.dataDir, name), '');
    }
    await client.installPlugin(await packPuppet({ name: 'late' }));
    return 'the server did not fail';
  } catch (error) {
    if (!(error instanceof CallError) || error.reason !== 'INTERNAL') return String(error);
    const told = `${error.message} ${JSON.stringify(error.details)}`;
    return /[/\\]|ENO|\.js/.test(told) ? `it names what is the host's: ${told}` : undefined;
  } finally {
    client.close();
    await server.stop();
  }
}

/** A guest asks for what the server cannot read any more: the words of its storage are not for guests. */
async function provokeForGuest(dist: string): Promise<string | undefined> {
  const server = await ServerProcess.start({ dist });
  const client = server.connect();
  try {
    const keeper = await Keeper.install(client);
    await keeper.set('key', 'x'.repeat(50_000));
    for (const name of readdirSync(server.dataDir).filter((each) => each.startsWith('memory.db')))
      writeFileSync(join(server.dataDir, name), 'no database '.repeat(1_000));
    const told = await keeper.set('other', 'x'.repeat(50_000));
    return told === PLAIN ? undefined : `the guest was told: ${told}`;
  } finally {
    client.close();
    await server.stop('SIGKILL');
  }
}

export const errorAttacks: readonly Attack[] = [
  { id: 'errors/paths-of-the-host', defence: 'plain-errors', run: ({ dist }) => provoke(dist) },
  { id: 'errors/told-to-a-guest', defence: 'plain-errors', run: ({ dist }) => provokeForGuest(dist) },
];
