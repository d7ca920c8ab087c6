import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import type { PluginPermissionsResponse, PluginRef } from '../client/messages.js';
import type { Permission } from '../permissions.js';
import { addClientOptions, type ClientFlags, withClient } from './client-command.js';
import { permissionTexts } from './decision-options.js';
import { UsageError } from './fail.js';
import { printJson, printLine } from './output.js';

/** `hal9 plugin permissions`, `grant` and `deny` */
export function addPermissions(plugin: Command): void {
  addClientOptions(
    plugin
      .command('permissions')
      .description('show what a plugin asks for, what it was given, and what it used')
      .argument('<ID>', 'its id or name')
      .option('--policy', 'print the least that it needs, by what it tried, for the configuration file'),
  ).action((id: string, flags: ClientFlags & { policy?: boolean }) =>
    withClient(flags, async (client) => {
      const reply = await client.getPluginPermissions(id);
      if (flags.policy) await printPolicy(reply, flags);
      else await printReply(reply, flags);
    }),
  );
  addDecision(plugin, 'grant', 'give a plugin permissions that it asks for; its instances start afresh');
  addDecision(plugin, 'deny', 'refuse a plugin permissions, which wins; its instances start afresh');
}

function addDecision(plugin: Command, verb: 'grant' | 'deny', description: string): void {
  addClientOptions(
    plugin
      .command(verb)
      .description(description)
      .argument('<ID>', 'its id or name')
      .argument('[PERMISSION...]', 'SystemTime, SystemEnv=HOME, or a JSON object as in a manifest')
      .option('--all', 'everything that it asks for'),
  ).action((id: string, words: string[], flags: ClientFlags & { all?: boolean }) =>
    withClient(flags, async (client) => {
      if (words.length === 0 && !flags.all) throw new UsageError('name a permission, or use --all');
      const all = flags.all ? await askedBy(client, id) : [];
      const decisions = { [verb]: [...all, ...(await permissionTexts(words, 'PERMISSION'))] };
      await printReply(await client.setPluginGrants(id, decisions), flags);
    }),
  );
}

/** By name, so that it is about what is decided already as well. */
async function askedBy(client: Client, id: string): Promise<readonly string[]> {
  return (await client.getPluginPermissions(id)).permissions?.asked ?? [];
}

async function printReply(reply: PluginPermissionsResponse, { json }: ClientFlags): Promise<void> {
  if (json || reply.permissions === null) return printJson(reply);
  const { printPermissions } = await import('./permission-table.js');
  printPermissions(reply.plugin, reply.permissions);
}

async function printPolicy({ plugin, permissions }: PluginPermissionsResponse, { json }: ClientFlags): Promise<void> {
  if (plugin === null || permissions === null) return;
  const { deniedNow, policyLines, policyOf } = await import('./policy.js');
  const tried = permissions.used.map(({ permission }) => permission);
  const policy = policyOf({ plugin, asked: permissions.asked, tried });
  if (json) return printJson(policy);
  for (const line of policyLines(plugin, policy)) printLine(line);
  const inTheWay = deniedNow(policy, permissions.denied);
  if (inTheWay.length > 0)
    printLine(`# denied on this server, which wins; to lift that: ${await grantCommand(plugin, inTheWay)}`);
}

async function grantCommand({ id }: PluginRef, permissions: readonly Permission[]): Promise<string> {
  const { permissionWord } = await import('../sandbox/permission-text.js');
  return `hal9 plugin grant ${id} ${permissions.map(permissionWord).join(' ')}`;
}
