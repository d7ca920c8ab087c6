import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { hashOfToken, newToken } from '../access/token.js';
import { reporting } from './client-command.js';
import { UsageError } from './fail.js';
import { printJson, printLine } from './output.js';

interface GenerateFlags {
  name: string;
  role: string[];
  out?: string;
  json?: boolean;
}

/** `hal9 token …`. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('make tokens for callers');
  token
    .command('generate')
    .description('make a token and its entry for the access file; needs no server, and the token is shown once')
    .requiredOption('--name <NAME>', 'who will use it: stands in the log and the audit log')
    .addOption(new Option('--role <ROLE...>', 'execute, manage or observe; may be repeated').makeOptionMandatory())
    .option('--out <FILE>', 'write the token there, for its owner alone, instead of showing it')
    .option('--json', 'print token and entry as one JSON object')
    .action((flags: GenerateFlags) => reporting(flags, () => generate(flags)));
}

async function generate({ name, role, out, json }: GenerateFlags): Promise<void> {
  const { accessFaults } = await import('../config/access-file.js');
  const token = newToken();
  const entry = { name, sha256: hashOfToken(token).toString('hex'), roles: role };
  const faults = accessFaults({ tokens: [entry] });
  if (faults.length > 0) throw new UsageError(faults.map((fault) => fault.replace('tokens[0].', '--')).join('; '));
  if (out !== undefined) writeOnce(out, token);
  if (json) return printJson(out === undefined ? { token, entry } : { entry });
  if (out === undefined) printLine(token);
  printLine(
    `# for the access file, below "tokens:"; the token itself is ${out === undefined ? 'not kept' : `in ${out}`}`,
  );
  printLine(`  - name: ${JSON.stringify(entry.name)}`);
  printLine(`    sha256: ${entry.sha256}`);
  printLine(`    roles: [${entry.roles.join(', ')}]`);
}

/** A file that is there may be somebody's token. */
function writeOnce(file: string, token: string): void {
  try {
    writeFileSync(file, `${token}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new UsageError(`--out: ${error instanceof Error ? error.message : String(error)}`);
  }
}
