import { type Command, Option } from 'commander';
import type { Decisions } from '../client/messages.js';
import { UsageError } from './fail.js';
import { collect } from './signal-commands.js';

/** What a command takes that decides about permissions. */
export interface DecisionFlags {
  grant?: string[];
  deny?: string[];
  grantAll?: boolean;
  denyAll?: boolean;
}

export function addDecisionOptions(command: Command): Command {
  return command
    .option(
      '--grant <PERMISSION>',
      'give it a permission that it asks for: SystemTime, SystemEnv=HOME, or a JSON object; may be repeated',
      collect,
    )
    .option('--deny <PERMISSION>', 'refuse it one, which wins; may be repeated', collect)
    .addOption(new Option('--grant-all', 'give it what it asks for and nobody has decided about').conflicts('denyAll'))
    .option('--deny-all', 'refuse it what it asks for and nobody has decided about');
}

export async function decisionsOf({ grant = [], deny = [], grantAll, denyAll }: DecisionFlags): Promise<Decisions> {
  const rest = grantAll ? 'REST_GRANT' : denyAll ? 'REST_DENY' : 'REST_UNSPECIFIED';
  return { grant: await permissionTexts(grant, '--grant'), deny: await permissionTexts(deny, '--deny'), rest };
}

/**
 * Permissions as a person writes them, each as a JSON text.
 * @throws UsageError
 */
export async function permissionTexts(words: readonly string[], option: string): Promise<string[]> {
  if (words.length === 0) return [];
  const [{ readPermission }, { permissionJson }] = await Promise.all([
    import('../sandbox/permission-text.js'),
    import('../sandbox/permission-parts.js'),
  ]);
  try {
    return words.map((word) => permissionJson(readPermission(word, option)));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
