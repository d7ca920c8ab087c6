import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import type { Plugin } from '../client/messages.js';
import { printable } from '../observe/printable.js';
import { addClientOptions, type ClientFlags, withClient } from './client-command.js';
import { UsageError } from './fail.js';
import { bytesText, printJson, printLine } from './output.js';

/** What of a plugin's text may reach a terminal as it is. */
const LAYOUT = '\n\t';

/** `hal9 plugin file`. */
export function addFile(plugin: Command): void {
  addClientOptions(
    plugin
      .command('file')
      .description('print or save a file of a plugin: README, licence, icon, an example or an asset')
      .argument('<ID>', 'its id, or its name where that is unique')
      .argument('<PATH>', 'the path in the package, as hal9 plugin info lists it')
      .option('--out <FILE>', 'where to save it'),
  ).action((id: string, path: string, flags: ClientFlags & { out?: string }) =>
    withClient(flags, async (client) => {
      const bytes = await client.getPluginFile(id, path);
      if (flags.out !== undefined) await save(flags.out, bytes);
      else if (!flags.json) return print(bytes, path);
      const where = flags.out === undefined ? { chunk: Buffer.from(bytes).toString('base64') } : { out: flags.out };
      if (flags.json) printJson({ path, sizeBytes: String(bytes.length), ...where });
      else printLine(`wrote ${flags.out} (${bytesText(bytes.length)})`);
    }),
  );
}

/** The README of a plugin, safe for a terminal. Empty where it has none. */
export async function readmeOf(client: Client, plugin: Plugin): Promise<string> {
  const readme = plugin.files.find(({ kind }) => kind === 'readme');
  if (readme === undefined) return '';
  const bytes = await client.getPluginFile(plugin.ref?.id ?? '', readme.path);
  return printable(Buffer.from(bytes).toString().replaceAll('\r\n', '\n'), LAYOUT);
}

async function save(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw new UsageError(`--out: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A terminal gets text that cannot steer it; a pipe or a file gets the bytes. */
function print(bytes: Uint8Array, path: string): void {
  if (process.stdout.isTTY !== true) return void process.stdout.write(bytes);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${printable(path)} is not text; save it with --out FILE`);
  }
  process.stdout.write(printable(text.replaceAll('\r\n', '\n'), LAYOUT));
}
