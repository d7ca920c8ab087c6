import type { Command } from 'commander';
import type { LimitUse, PluginUsage } from '../client/usage-messages.js';
import { addClientOptions, type ClientFlags, withClient } from './client-command.js';
import { bytesText, grouped, printJson, printLine, printTable, timeText } from './output.js';
import { refText } from './plugin-text.js';

const TITLES = ['  LIMIT', 'USED', 'OF', 'LIMITED'];

/** `hal9 plugin usage` */
export function addUsage(plugin: Command): void {
  addClientOptions(
    plugin
      .command('usage')
      .description('show what plugins use of what they may, and how often a limit was in their way')
      .argument('[ID]', 'its id or name; without it, all that are in service, and of their limits those that matter')
      .option('--all', 'also the limits of which nothing is used'),
  ).action((id: string | undefined, flags: ClientFlags & { all?: boolean }) =>
    withClient(flags, async (client) => {
      const reply = await client.getPluginUsage(id);
      if (flags.json) printJson(reply);
      else printUsage(reply.plugins, id !== undefined || flags.all === true);
    }),
  );
}

function printUsage(plugins: readonly PluginUsage[], all: boolean): void {
  if (plugins.length === 0) return printLine('no plugin is in service');
  for (const { plugin, limits } of plugins) {
    printLine(refText({ ref: plugin }));
    const rows = limits.filter(({ used, limited }) => all || used !== '0' || limited !== '0');
    if (rows.length > 0) printTable(TITLES, rows.map(rowOf));
    else printLine(limits.length === 0 ? '  not in service' : '  nothing in use; --all shows what there may be');
  }
}

function rowOf(use: LimitUse): string[] {
  return [`  ${use.limit}`, amountText(use.used, use.unit), mostText(use), grouped(use.limited)];
}

/** A rate has what comes in a second, and where that is not the same, what may be taken at once. */
function mostText({ max, perSecond, unit }: LimitUse): string {
  if (perSecond === '0') return max === '0' ? '-' : amountText(max, unit);
  const rate = `${amountText(perSecond, unit)} a second`;
  return max === perSecond ? rate : `${rate}, ${amountText(max, unit)} at once`;
}

function amountText(amount: string, unit: string): string {
  if (unit === 'BYTES') return bytesText(amount);
  return unit === 'MICROSECONDS' ? timeText(amount) : grouped(amount);
}
