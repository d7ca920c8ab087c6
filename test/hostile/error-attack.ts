import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CallError } from '../../src/client/call-error.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import type { Attack } from './guest-attacks.js';

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

export const errorAttacks: readonly Attack[] = [
  { id: 'errors/paths-of-the-host', defence: 'plain-errors', run: ({ dist }) => provoke(dist) },
];
