import { randomUUID } from 'node:crypto';
import { text as readText } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import type { Layer, Signal } from '../client/messages.js';
import { addCallOptions, addClientOptions, type ClientFlags, pluginIdOf, withClient } from './client-command.js';
import { exitOfOutcomes } from './exit-status.js';
import { keyValue, parseJson } from './json-argument.js';
import { printJson } from './output.js';
import { printResult } from './results.js';

export const LAYERS = ['L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'L7', 'L8', 'L9'] as const satisfies readonly Layer[];

type SendFlags = ClientFlags & {
  layer: Layer;
  neuronType: string;
  plugin?: string;
  type: string;
  id?: string;
  source: string;
  metadata?: string[];
  requestId: string;
  fuel?: number;
};

/** `hal9 signal …`. */
export function addSignalCommands(program: Command): void {
  const signal = program.command('signal').description('send signals to neurons');
  const send = signal
    .command('send')
    .description('send one signal to every active neuron that is registered for it')
    .argument('<TEXT>', 'the content; - reads it from standard input')
    .addOption(new Option('--layer <LAYER>', 'whose neurons get it').choices(LAYERS).makeOptionMandatory())
    .option('--neuron-type <TYPE>', 'only neurons of this type', '')
    .option('--plugin <ID>', 'only this plugin, by id or name')
    .option('--type <TYPE>', 'what kind of signal this is', 'text')
    .option('--id <ID>', 'its id; a fresh UUID by default')
    .option('--source <NAME>', 'who sends it', 'hal9-cli')
    .option('--metadata <KEY=JSON>', 'one entry of metadata, its value one JSON text; may be repeated', collect);
  addCallOptions(addClientOptions(send)).action((text: string, flags: SendFlags) =>
    withClient(flags, async (client) => {
      const reply = await client.processSignal({
        signal: await signalOf(text, flags),
        neuronType: flags.neuronType,
        pluginId: await pluginIdOf(client, flags.plugin),
        requestId: flags.requestId,
        ...(flags.fuel === undefined ? {} : { fuel: flags.fuel }),
      });
      process.exitCode = exitOfOutcomes(reply.results.map((result) => result.outcome));
      if (flags.json) printJson(reply);
      else for (const result of reply.results) printResult(result, reply.requestId);
    }),
  );
}

/** For options that may be repeated. */
export const collect = (value: string, previous: string[] = []): string[] => [...previous, value];

async function signalOf(text: string, flags: SendFlags): Promise<Partial<Signal>> {
  return {
    id: flags.id ?? randomUUID(),
    type: flags.type,
    layer: flags.layer,
    source: flags.source,
    content: text === '-' ? await readText(process.stdin) : text,
    metadata: metadataOf(flags.metadata ?? []),
    timestampMs: String(Date.now()),
  };
}

/** Entries of `--metadata KEY=JSON`. */
export function metadataOf(entries: readonly string[]): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const entry of entries) {
    const [key, value] = keyValue(entry, '--metadata');
    parseJson(value, `--metadata ${key}`);
    metadata[key] = value;
  }
  return metadata;
}
