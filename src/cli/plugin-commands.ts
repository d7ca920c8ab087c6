import type { Command } from 'commander';
import type { ClientFlags } from './client-command.js';
import { addClientOptions, reporting, withClient } from './client-command.js';
import { addInspect } from './inspect-command.js';
import { addInstall } from './install-command.js';
import { jsonObjectArgument } from './json-argument.js';
import { bytesText, printFields, printJson, printLine } from './output.js';
import { type PackOptions, writePackage } from './package-file.js';
import { addPermissions } from './permission-commands.js';
import { printPlugin, printPlugins, refText } from './plugin-text.js';
import { addProfile } from './profile-command.js';
import { addTest } from './test-command.js';

/** `hal9 plugin …`. */
export function addPluginCommands(program: Command): void {
  const plugin = program.command('plugin').description('install plugins and put them into service');
  addInstall(plugin);
  addQueries(plugin);
  addLifecycle(plugin);
  addPermissions(plugin);
  addPack(plugin);
  addInspect(plugin);
  addTest(plugin);
  addProfile(plugin);
}

function addQueries(plugin: Command): void {
  addClientOptions(plugin.command('list').description('list the installed plugins')).action((flags: ClientFlags) =>
    withClient(flags, async (client) => {
      const reply = await client.listPlugins();
      if (flags.json) printJson(reply);
      else printPlugins(reply.plugins);
    }),
  );
  addClientOptions(
    plugin.command('info').description('show one plugin').argument('<ID>', 'its id, or its name where that is unique'),
  ).action((id: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      const reply = await client.getPlugin(id);
      if (flags.json) printJson(reply);
      else if (reply.plugin !== null) printPlugin(reply.plugin);
    }),
  );
}

function addLifecycle(plugin: Command): void {
  addClientOptions(
    plugin
      .command('activate')
      .description('put a plugin into service')
      .argument('<ID>', 'its id or name')
      .option('--config <JSON|@FILE>', 'its configuration, one JSON object; the last one stays otherwise'),
  ).action((id: string, flags: ClientFlags & { config?: string }) =>
    withClient(flags, async (client) => {
      const config = flags.config === undefined ? '' : jsonObjectArgument(flags.config, '--config');
      const reply = await client.activatePlugin(id, config);
      if (flags.json) printJson(reply);
      else printLine(`active: ${refText(reply.plugin)}`);
    }),
  );
  addClientOptions(
    plugin.command('deactivate').description('take a plugin out of service').argument('<ID>', 'its id or name'),
  ).action((id: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      const reply = await client.deactivatePlugin(id);
      if (flags.json) printJson(reply);
      else printLine(`out of service: ${refText(reply.plugin)}`);
    }),
  );
  addClientOptions(
    plugin
      .command('uninstall')
      .description('remove a plugin that is out of service')
      .argument('<ID>', 'its id or name'),
  ).action((id: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      const reply = await client.uninstallPlugin(id);
      if (flags.json) printJson(reply);
      else printLine(`removed: ${refText({ ref: reply.plugin })}`);
    }),
  );
}

function addPack(plugin: Command): void {
  plugin
    .command('pack')
    .description('write a .hal9 file from a development directory; needs no server')
    .argument('<DIR>', 'the directory, or a .wasm file that carries its own metadata')
    .option('--out <FILE>', 'where to write it; by default NAME-VERSION.hal9 here')
    .option('--wasm <FILE>', 'the module; by default the one that the directory was built into')
    .option('--manifest <FILE>', 'a manifest written by hand; by default manifest.json of the directory, if any')
    .option('--json', 'print what was written as one JSON object')
    .action((path: string, flags: PackOptions & { json?: boolean }) =>
      reporting(flags, async () => {
        const packed = await writePackage(path, flags);
        if (flags.json) return printJson(packed);
        printFields([
          ['wrote', packed.path],
          ['plugin', `${packed.plugin.name} ${packed.plugin.version} (${packed.plugin.id})`],
          ['size', bytesText(packed.sizeBytes)],
          ['digest', packed.digest],
        ]);
      }),
    );
}
