import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import type { Memory, MemoryEntry, MemoryKey } from '../client/messages.js';
import { addClientOptions, type ClientFlags, positiveInteger, withClient } from './client-command.js';
import { bytesText, printJson, printLine, printTable } from './output.js';

type ListFlags = ClientFlags & { prefix: string; limit: number };
const WHICH = "a plugin's id or name, or shared:NAME";
const MAX_PAGE = 1_000;

/** `hal9 memory …`: what plugins keep. Looks, and changes nothing. */
export function addMemoryCommands(program: Command): void {
  const memory = program.command('memory').description('look at what plugins keep in their memory');
  addList(memory);
  addGet(memory);
  addExport(memory);
}

function addList(memory: Command): void {
  const command = memory
    .command('ls')
    .description('list the memories that there are, or the keys of one')
    .argument('[PLUGIN]', `${WHICH}; without it, all memories`)
    .option('--prefix <TEXT>', 'only keys that begin with it', '')
    .option('--limit <n>', 'at most so many keys', positiveInteger, MAX_PAGE);
  addClientOptions(command).action((which: string | undefined, flags: ListFlags) =>
    withClient(flags, (client) => (which === undefined ? listMemories(client, flags) : listKeys(client, which, flags))),
  );
}

function addGet(memory: Command): void {
  const command = memory
    .command('get')
    .description('print the value of a key: one JSON text')
    .argument('<PLUGIN>', WHICH)
    .argument('<KEY>', 'the key');
  addClientOptions(command).action((which: string, key: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      const reply = await client.memory.get({ memory: which, key });
      if (flags.json) printJson(reply);
      else printLine(reply.entry?.value ?? '');
    }),
  );
}

function addExport(memory: Command): void {
  const command = memory
    .command('export')
    .description('print every entry as one JSON object a line: {"key": TEXT, "value": the JSON text as TEXT}')
    .argument('<PLUGIN>', WHICH)
    .option('--prefix <TEXT>', 'only keys that begin with it', '');
  addClientOptions(command).action((which: string, flags: ClientFlags & { prefix: string }) =>
    withClient(flags, async (client) => {
      for await (const { key, value } of entriesOf(client, which, flags.prefix)) printJson({ key, value });
    }),
  );
}

async function listMemories(client: Client, flags: ListFlags): Promise<void> {
  const reply = await client.memory.list();
  if (flags.json) return printJson(reply);
  if (reply.memories.length === 0) return printLine('no plugin keeps anything');
  printTable(
    ['MEMORY', 'PLUGIN', 'KEYS', 'BYTES'],
    reply.memories.map((memory: Memory) => [
      memory.name,
      memory.pluginName,
      `${memory.keys} of ${memory.maxKeys}`,
      `${bytesText(memory.bytes)} of ${bytesText(memory.maxBytes)}`,
    ]),
  );
}

async function listKeys(client: Client, memory: string, { prefix, limit, json }: ListFlags): Promise<void> {
  const keys: MemoryKey[] = [];
  let more = true;
  while (more && keys.length < limit) {
    const after = keys.at(-1)?.key ?? '';
    const page = await client.memory.keys({ memory, prefix, after, limit: Math.min(MAX_PAGE, limit - keys.length) });
    keys.push(...page.keys);
    more = page.more;
  }
  if (json) return printJson({ keys, more });
  printTable(
    ['KEY', 'BYTES'],
    keys.map(({ key, valueBytes }) => [key, valueBytes]),
  );
  if (more) printLine(`there are more: --limit, or --prefix`);
}

async function* entriesOf(client: Client, memory: string, prefix: string): AsyncGenerator<MemoryEntry> {
  let after = '';
  let more = true;
  while (more) {
    const page = await client.memory.export({ memory, prefix, after });
    yield* page.entries;
    after = page.entries.at(-1)?.key ?? after;
    more = page.more;
  }
}
