import { createInterface, type Interface } from 'node:readline/promises';
import type { Decisions } from '../client/messages.js';
import { printable } from '../observe/printable.js';
import type { Permission } from '../permissions.js';
import { permissionJson } from '../sandbox/permission-parts.js';
import { permissionMeaning, permissionText } from '../sandbox/permission-text.js';

/** Where questions go, and answers come from. */
export interface Terminal {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
}

/**
 * Asks a person about each permission: yes grants it, no (or nothing) denies it.
 * @param plugin name and version
 * @param isKnown whether the version that is installed has it
 * @returns undefined where the person would rather not go on
 */
export async function askPermissions(
  plugin: string,
  permissions: readonly Permission[],
  { input, output }: Terminal,
  isKnown: (permission: Permission) => boolean = () => false,
): Promise<Required<Decisions> | undefined> {
  const lines = createInterface({ input, output });
  const closed = new AbortController();
  lines.once('close', () => closed.abort());
  const decisions = { grant: [] as string[], deny: [] as string[], rest: 'REST_UNSPECIFIED' as const };
  try {
    output.write(printable(`${plugin} asks for ${permissions.length === 1 ? 'a permission' : 'permissions'}:\n`, '\n'));
    for (const permission of permissions) {
      const known = isKnown(permission) ? ' (the version before has it)' : '';
      output.write(printable(`  ${permissionText(permission)}: ${permissionMeaning(permission)}${known}\n`, '\n'));
      const answer = await ask(lines, closed.signal);
      if (answer === 'quit') return undefined;
      decisions[answer].push(permissionJson(permission));
    }
    return decisions;
  } finally {
    lines.close();
  }
}

/** Asks until the answer is one. The end of the input is the wish not to go on. */
async function ask(lines: Interface, signal: AbortSignal): Promise<'grant' | 'deny' | 'quit'> {
  for (;;) {
    let answer: string;
    try {
      answer = (await lines.question('  grant it? [y/N/q] ', { signal })).trim().toLowerCase();
    } catch (error) {
      if (signal.aborted) return 'quit';
      throw error;
    }
    if (answer === 'y' || answer === 'yes') return 'grant';
    if (answer === '' || answer === 'n' || answer === 'no') return 'deny';
    if (answer === 'q' || answer === 'quit') return 'quit';
  }
}
