import type { Command } from 'commander';
import type { Tool } from '../client/messages.js';
import { addCallOptions, addClientOptions, type ClientFlags, pluginIdOf, withClient } from './client-command.js';
import { exitOfOutcomes } from './exit-status.js';
import { printJson, printLine, printTable } from './output.js';
import { parametersText } from './parameters.js';
import { printResult } from './results.js';

type InvokeFlags = ClientFlags & { params?: string[]; plugin?: string; requestId: string; fuel?: number };

/** `hal9 tool …`. */
export function addToolCommands(program: Command): void {
  const tool = program.command('tool').description('use the tools that plugins offer');
  addClientOptions(
    tool
      .command('list')
      .description('list the tools of all active plugins')
      .option('--plugin <ID>', "only this plugin's, by id or name"),
  ).action((flags: ClientFlags & { plugin?: string }) =>
    withClient(flags, async (client) => {
      const reply = await client.listTools(await pluginIdOf(client, flags.plugin));
      if (flags.json) printJson(reply);
      else printTools(reply.tools);
    }),
  );
  const invoke = tool
    .command('invoke')
    .description('run a tool')
    .argument('<NAME>', 'its name')
    .option('--params <JSON|@FILE|KEY=VALUE...>', 'its parameters: one JSON object, or key=value for each')
    .option('--plugin <ID>', 'the plugin, by id or name, where several offer the tool');
  addCallOptions(addClientOptions(invoke)).action((name: string, flags: InvokeFlags) =>
    withClient(flags, async (client) => {
      const pluginId = await pluginIdOf(client, flags.plugin);
      const parameters = await parametersText(flags.params ?? [], async () => {
        const { tools } = await client.listTools(pluginId);
        return tools.find((found) => found.name === name)?.parameters ?? [];
      });
      const reply = await client.invokeTool({
        tool: name,
        parameters,
        pluginId,
        requestId: flags.requestId,
        ...(flags.fuel === undefined ? {} : { fuel: flags.fuel }),
      });
      process.exitCode = exitOfOutcomes([reply.result?.outcome ?? 'OUTCOME_UNSPECIFIED']);
      if (flags.json) printJson(reply);
      else if (reply.result !== null) printResult(reply.result, reply.requestId);
    }),
  );
}

function printTools(tools: readonly Tool[]): void {
  if (tools.length === 0) return printLine('no active plugin offers a tool; see: hal9 plugin list');
  printTable(
    ['NAME', 'PLUGIN', 'PARAMETERS', 'DESCRIPTION'],
    tools.map((tool) => [
      tool.name,
      `${tool.plugin?.name} ${tool.plugin?.version}`,
      tool.parameters.map(parameterText).join(', '),
      tool.description,
    ]),
  );
}

/** `text: string`, `limit?: integer`, or with its default `limit?: integer = 10`. */
function parameterText({ name, type, required, defaultValue }: Tool['parameters'][number]): string {
  return `${name}${required ? '' : '?'}: ${type}${defaultValue === '' ? '' : ` = ${defaultValue}`}`;
}
