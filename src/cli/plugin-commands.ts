import type { Command } from 'commander';
import type { ClientFlags } from './client-command.js';
import { addClientOptions, reporting, withClient } from './client-command.js';
import { addFile, readmeOf } from './file-command.js';
import { addInspect } from './inspect-command.js';
import { addInstall } from './install-command.js';
import { jsonObjectArgument } from './json-argument.js';
import { bytesText, printFields, printJson, printLine } from './output.js';
import { type PackOptions, writePackage } from './package-file.js';
import { addPermissions } from './permission-commands.js';
import { printPlugins, refText } from './plugin-text.js';
import { addProfile } from './profile-command.js';
import { addSignatureCommands } from './signature-commands.js';
import { addTest } from './test-command.js';
import { addUsage } from './usage-command.js';

/** `hal9 plugin …`. */
export function addPluginCommands(program: Command): void {
  const plugin = program.command('plugin').description('install plugins and put them into service');
  addInstall(plugin);
  addQueries(plugin);
  addFile(plugin);
  addLifecycle(plugin);
  addPermissions(plugin);
  addUsage(plugin);
  addPack(plugin);
  addInspect(plugin);
  addSignatureCommands(plugin);
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
    plugin
      .command('info')
      .description('show one plugin')
      .argument('<ID>', 'its id, or its name where that is unique')
      .option('--readme', 'print its README instead'),
  ).action((id: string, flags: ClientFlags & { readme?: boolean }) =>
    withClient(flags, async (client) => {
      const reply = await client.getPlugin(id);
      if (reply.plugin === null) return;
      if (flags.readme) {
        const readme = await readmeOf(client, reply.plugin);
        if (flags.json) printJson({ ...reply, readme });
        else process.stdout.write(readme === '' ? 'the plugin has no README\n' : readme.replace(/\n?$/, '\n'));
      } else if (flags.json) printJson(reply);
      else {
        const { printPlugin } = await import('./plugin-details.js');
        printPlugin(reply.plugin, (await client.listPlugins()).plugins);
      }
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
      if (flags.json) return printJson(reply);
      for (const ref of reply.activatedFirst) printLine(`active, since it is needed: ${refText({ ref })}`);
      printLine(`active: ${refText(reply.plugin)}`);
    }),
  );
  addClientOptions(
    plugin
      .command('deactivate')
      .description('take a plugin out of service')
      .argument('<ID>', 'its id or name')
      .option('--force', 'take the plugins that need it out of service first'),
  ).action((id: string, flags: ClientFlags & { force?: boolean }) =>
    withClient(flags, async (client) => {
      const reply = await client.deactivatePlugin(id, { force: flags.force === true });
      if (flags.json) return printJson(reply);
      for (const ref of reply.deactivatedFirst) printLine(`out of service, since it needs it: ${refText({ ref })}`);
      printLine(`out of service: ${refText(reply.plugin)}`);
    }),
  );
  addClientOptions(
    plugin
      .command('uninstall')
      .description('remove a plugin that is out of service and that no other needs')
      .argument('<ID>', 'its id or name')
      .option('--force', 'take it and those that need it out of service, and remove it all the same'),
  ).action((id: string, flags: ClientFlags & { force?: boolean }) =>
    withClient(flags, async (client) => {
      const reply = await client.uninstallPlugin(id, { force: flags.force === true });
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
