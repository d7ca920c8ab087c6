import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packGrants, tries } from '../harness/grants-plugin.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';
import type { Attack } from './guest-attacks.js';
import { expectRefusal } from './package-attacks.js';

/** An upgrade that asks for more than the operator has decided about stops, and the old version stays. */
async function upgradeAsksForMore(server: ServerProcess): Promise<string | undefined> {
  const client = server.connect();
  try {
    const name = 'greedy';
    await client.installPlugin(await packPuppet({ name, tool: name }));
    const requirements = { required_permissions: ['SystemTime', { SystemEnv: 'HOME' }] };
    const greedy = await packPuppet({ name, tool: name, version: '1.0.1', requirements });
    const fault = await expectRefusal(server, 'PERMISSION_UNDECIDED', greedy);
    if (fault !== undefined) return fault;
    const version = (await client.getPlugin(name)).plugin?.ref?.version;
    await client.uninstallPlugin(idOf(name));
    return version === '1.0.0' ? undefined : `version ${version} is installed`;
  } finally {
    client.close();
  }
}

/** A list of hosts without a host in it is no list of all of them. */
async function emptyList(server: ServerProcess): Promise<string | undefined> {
  const anyHost = await packGrants({ name: 'any-host', asks: [{ NetworkHttps: { hosts: [] } }] });
  return expectRefusal(server, 'MANIFEST_INVALID', anyHost, { decisions: { rest: 'REST_GRANT' } });
}

/** What a guest sees of its clock where the operator's file has these rules about it; it is granted all that it asks for. */
async function clockUnder(dist: string, rules: string, asks: readonly unknown[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hal9-grants-'));
  const config = join(folder, 'hal9.yaml');
  writeFileSync(config, `grants: ${rules}\n`);
  const server = await ServerProcess.start({ dist, flags: ['--config', config] });
  const client = server.connect();
  try {
    await client.installPlugin(await packGrants({ name: 'prying', asks }), {
      decisions: asks.length === 0 ? {} : { grant: ['"SystemTime"'] },
    });
    await client.activatePlugin('prying');
    return await tries(client, 'm');
  } finally {
    client.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

const stands = (seen: string): string | undefined => (seen === 'stands' ? undefined : `its clock ${seen}`);

/** What a plugin has beside what the operator has said. */
export const grantsAttacks: readonly Attack[] = [
  { id: 'grants/upgrade-asks-for-more', defence: 'consent', run: upgradeAsksForMore },
  { id: 'grants/empty-list-of-hosts', defence: 'empty-lists', run: emptyList },
  {
    id: 'grants/denied-to-all-and-granted',
    defence: 'denials',
    run: async ({ dist }) => stands(await clockUnder(dist, '{"*": {deny: [SystemTime]}}', ['SystemTime'])),
  },
  {
    id: 'grants/granted-and-not-asked-for',
    defence: 'asked-for',
    run: async ({ dist }) => stands(await clockUnder(dist, '{"*": {grant: [SystemTime]}}', [])),
  },
];
