#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.js';
import { addAuditCommands } from './audit-commands.js';
import { EXIT } from './exit-status.js';
import { addKeyCommands } from './key-commands.js';
import { addMemoryCommands } from './memory-commands.js';
import { addPluginCommands } from './plugin-commands.js';
import { addServeCommand } from './serve-command.js';
import { addSignalCommands } from './signal-commands.js';
import { addTokenCommands } from './token-commands.js';
import { addToolCommands } from './tool-commands.js';

/** The command line. What an action needs (gRPC, the server) is loaded when it runs, so that help is instant. */
function buildProgram(): Command {
  const program = new Command('hal9')
    .description('Runs untrusted WebAssembly plugins for HAL9, and talks to the server that does.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .addHelpText('after', EXIT_HELP);
  addServeCommand(program);
  addPluginCommands(program);
  addSignalCommands(program);
  addToolCommands(program);
  addKeyCommands(program);
  addMemoryCommands(program);
  addAuditCommands(program);
  addTokenCommands(program);
  return program;
}

const EXIT_HELP = `
Exit status: 0 done; 1 the plugin failed, or the audit log is damaged; 2 wrong usage; 3 no server; 4 refused; 5 a limit; 6 not found;
7 the server failed.`;

// A reader that had enough (`hal9 plugin list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await buildProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed what it has to say; its own status for wrong usage is 1.
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
