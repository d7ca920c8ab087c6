import type { Command } from 'commander';
import type { CallError } from '../client/call-error.js';
import type { Client } from '../client/client.js';
import type { Decisions, InstallPluginResponse, Permissions, PluginRef } from '../client/messages.js';
import type { PackageSettings } from '../client/send-package.js';
import { shellWord } from '../observe/shell-word.js';
import type { Permission } from '../permissions.js';
import { addClientOptions, type ClientFlags, withClient } from './client-command.js';
import { addDecisionOptions, type DecisionFlags, decisionsOf } from './decision-options.js';
import { isCallError } from './fail.js';
import { jsonObjectArgument } from './json-argument.js';
import { bytesText, Progress, printJson, printLine } from './output.js';
import { readPackage } from './package-file.js';
import { refText } from './plugin-text.js';

type InstallFlags = ClientFlags & DecisionFlags & { activate?: boolean; config?: string; dryRun?: boolean };

/** `hal9 plugin install` */
export function addInstall(plugin: Command): void {
  const install = plugin
    .command('install')
    .description('install a .hal9 file, or a development directory, which is packed on the way')
    .argument('<PATH>', 'the file or directory')
    .option('--activate', 'put it into service as well')
    .option('--config <JSON|@FILE>', 'with --activate: the configuration, one JSON object')
    .option('--dry-run', 'check everything, say what would happen, and change nothing');
  addDecisionOptions(addClientOptions(install)).action((path: string, flags: InstallFlags) =>
    withClient(flags, async (client) => {
      const config = flags.config === undefined ? '' : jsonObjectArgument(flags.config, '--config');
      const decisions = await decisionsOf(flags);
      const reply = await installed(client, await readPackage(path), decisions, flags);
      const activates = flags.activate === true && flags.dryRun !== true;
      const id = reply.plugin?.ref?.id ?? '';
      if (activates) reply.plugin = (await client.activatePlugin(id, config)).plugin;
      if (flags.json) return printJson(reply);
      printLine(`${whatHappened(reply, flags)} ${refText(reply.plugin)}${activates ? ', active' : ''}`);
      if (reply.permissions !== null) await printDecided(reply.permissions);
      if (reply.plugin?.state === 'INSTALLED' && !flags.dryRun) {
        printLine(`put it into service with: hal9 plugin activate ${await shortName(client, reply.plugin.ref)}`);
      }
    }),
  );
}

/** What a person would type for a plugin: its name where that is unique and one word, else its id. */
async function shortName(client: Client, ref: PluginRef | null): Promise<string> {
  const { name = '', id = '' } = ref ?? {};
  if (!/^[\w.][\w.-]*$/.test(name)) return id;
  const { plugins } = await client.listPlugins();
  return plugins.filter((plugin) => plugin.ref?.name === name).length === 1 ? name : id;
}

/** Installs, and asks about permissions that are not decided where a person is there to answer. */
async function installed(
  client: Client,
  bytes: Uint8Array,
  decisions: Decisions,
  flags: InstallFlags,
): Promise<InstallPluginResponse> {
  const settings: PackageSettings = { decisions, dryRun: flags.dryRun === true };
  try {
    return await send(client, bytes, settings);
  } catch (error) {
    const added = isCallError(error) ? await addedBy(error) : undefined;
    if (!isCallError(error) || added === undefined) throw error;
    const plugin = error.details['plugin'] ?? 'the plugin';
    const answers = isAttended(flags) && added.length > 0 ? await askHere(plugin, added, knownBy(error)) : undefined;
    if (answers === undefined) throw await withCommand(error, plugin, added, knownBy(error));
    return installed(client, bytes, merged(decisions, answers), flags);
  }
}

async function send(client: Client, bytes: Uint8Array, settings: PackageSettings): Promise<InstallPluginResponse> {
  const progress = new Progress();
  const onProgress = (sent: number, total: number): void =>
    progress.update(sent < total ? `sent ${bytesText(sent)} of ${bytesText(total)}` : 'the server checks the package');
  return client.installPlugin(bytes, { ...settings, onProgress }).finally(() => progress.clear());
}

/** Questions are for a person who sees them and can answer. */
function isAttended({ json, dryRun }: InstallFlags): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && !json && !dryRun;
}

/** The permissions that a refusal names; undefined for another refusal. */
async function addedBy({ reason, details }: CallError): Promise<Permission[] | undefined> {
  if (reason !== 'PERMISSION_UNDECIDED') return undefined;
  const { readPermission } = await import('../sandbox/permission-text.js');
  const texts = JSON.parse(details['added'] ?? '[]') as unknown[];
  return texts.map((permission) => readPermission(JSON.stringify(permission), 'added'));
}

/** Whether the version that is installed has a permission, by the refusal of the next one. */
function knownBy({ details }: CallError): (permission: Permission) => boolean {
  const { new: fresh } = details;
  if (fresh === undefined) return () => false;
  const texts = new Set((JSON.parse(fresh) as unknown[]).map((permission) => JSON.stringify(permission)));
  return (permission) => !texts.has(JSON.stringify(permission));
}

async function askHere(
  plugin: string,
  added: readonly Permission[],
  isKnown: (permission: Permission) => boolean,
): Promise<Required<Decisions> | undefined> {
  const { askPermissions } = await import('./ask-permissions.js');
  return askPermissions(plugin, added, { input: process.stdin, output: process.stderr }, isKnown);
}

function merged({ grant = [], deny = [], rest }: Decisions, answers: Required<Decisions>): Decisions {
  const all = { grant: [...grant, ...answers.grant], deny: [...deny, ...answers.deny] };
  return rest === undefined ? all : { ...all, rest };
}

/** The same refusal, with the command that was typed and what to add to it. */
async function withCommand(
  error: CallError,
  plugin: string,
  added: readonly Permission[],
  isKnown: (permission: Permission) => boolean,
): Promise<CallError> {
  const [{ undecidedMessage }, { CallError: Refusal }] = await Promise.all([
    import('../sandbox/undecided-message.js'),
    import('../client/call-error.js'),
  ]);
  const typed = ['hal9', ...process.argv.slice(2)].map(shellWord).join(' ');
  const { code, reason, details, retryAfterMs } = error;
  return new Refusal({ code, reason, details, retryAfterMs, message: undecidedMessage(plugin, added, typed, isKnown) });
}

function whatHappened({ changed }: InstallPluginResponse, { dryRun }: InstallFlags): string {
  if (dryRun) return changed ? 'nothing is changed; would install' : 'nothing to change: is installed already:';
  return changed ? 'installed' : 'was installed already:';
}

/** What it may do from now on, where it asks for anything. */
async function printDecided({ asked, effective, denied }: Permissions): Promise<void> {
  if (asked.length === 0) return;
  const { permissionsLine } = await import('./permission-table.js');
  printLine(`may: ${permissionsLine(effective)}`);
  if (denied.length > 0) printLine(`denied: ${permissionsLine(denied)}`);
}
