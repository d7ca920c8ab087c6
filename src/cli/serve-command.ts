import { type Command, Option } from 'commander';
import type { ServerFlags } from '../config.js';
import { flagName, SETTINGS, type Setting, variableName } from '../settings.js';
import { reporting } from './client-command.js';

/** `hal9 serve`, with a flag for each setting. */
export function addServeCommand(program: Command): void {
  const command = program
    .command('serve')
    .description('run the server; a flag beats its HAL9_ variable, which beats the configuration file')
    .option('--config <FILE>', 'YAML file with settings, its keys as the flags with underscores (env: HAL9_CONFIG)');
  for (const setting of SETTINGS) command.addOption(optionOf(setting));
  command.action((flags: ServerFlags) =>
    reporting({}, async () => {
      const { loadConfig } = await import('../config.js');
      const config = loadConfig(flags);
      const { serve } = await import('../main.js');
      await serve(config, () => loadConfig(flags));
    }),
  );
}

function optionOf(setting: Setting): Option {
  const notes = [`env: ${variableName(setting.key)}`];
  const isSwitch = setting.kind.type === 'boolean';
  if (setting.default !== undefined && !isSwitch) notes.unshift(`default: ${setting.default}`);
  // Values are checked, and defaults filled in, by config.ts, for all sources alike.
  const option = new Option(
    isSwitch ? flagName(setting.key) : `${flagName(setting.key)} <${setting.placeholder}>`,
    `${setting.meaning} (${notes.join(', ')})`,
  );
  if (setting.kind.type === 'paths') {
    option.argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value]);
  }
  return option;
}
