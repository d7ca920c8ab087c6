import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Layer } from '../client/messages.js';
import { HostError } from '../errors.js';
import { GUEST_LIMITS } from '../limits.js';
import type { LocalPlugin } from '../local/plugin.js';
import type { Manifest } from '../package/manifest.js';
import { neuronOffers, toolDeclarations } from '../plugin/offers.js';
import {
  emptyInvokeToolRequest,
  emptySignal,
  sizeInvokeToolRequest,
  sizeSignal,
  writeInvokeToolRequest,
  writeSignal,
} from '../protocol/codec.js';
import type { LocalCall } from '../protocol/local.js';
import { VERSION } from '../version.js';
import { fuelAmount, positiveInteger } from './client-command.js';
import { UsageError } from './fail.js';
import { jsonObjectArgument } from './json-argument.js';
import { readPackage } from './package-file.js';
import { parametersText } from './parameters.js';
import { collect, LAYERS, metadataOf } from './signal-commands.js';

/** What a command takes that calls a plugin without a server. */
export interface LocalFlags {
  signal?: string;
  layer?: Layer;
  type: string;
  metadata?: string[];
  tool?: string;
  params?: string[];
  config?: string;
  calls: number;
  fuel?: number;
  timeoutMs?: number;
  json?: boolean;
}

/** Of the signals that a local call sends: always the same, so that the fuel is. */
const SIGNAL_ID = '00000000-0000-4000-8000-000000000000';
const SIGNAL_TIMESTAMP_MS = BigInt(Date.UTC(2026, 0, 1));

export function addLocalOptions(command: Command): Command {
  return command
    .argument('<PACKAGE>', 'a .hal9 file, a development directory, or a .wasm file that carries its own metadata')
    .option('--signal <TEXT>', 'send a signal with this content')
    .addOption(new Option('--layer <LAYER>', "its layer; by default the neuron's, where it has one").choices(LAYERS))
    .option('--type <TYPE>', 'what kind of signal it is', 'text')
    .option('--metadata <KEY=JSON>', 'one entry of its metadata; may be repeated', collect)
    .option('--tool <NAME>', 'run a tool instead')
    .option('--params <JSON|@FILE|KEY=VALUE...>', 'its parameters: one JSON object, or key=value for each')
    .option('--config <JSON|@FILE>', "the plugin's configuration, one JSON object")
    .option('--calls <N>', 'call so often, in one instance', callCount, 1)
    .option('--fuel <N>', "budget of each call; by default the plugin's own, else the server's default", fuelAmount);
}

const MAX_CALLS = 100_000;

function callCount(text: string): number {
  const count = positiveInteger(text);
  if (count > MAX_CALLS) throw new InvalidArgumentError(`Expected at most ${MAX_CALLS}.`);
  return count;
}

/** Opens the package and makes the calls that the flags ask for. */
export async function openForCalls(
  path: string,
  flags: LocalFlags,
): Promise<{ plugin: LocalPlugin; calls: LocalCall[] }> {
  if ((flags.signal === undefined) === (flags.tool === undefined)) {
    throw new UsageError('expected one of --signal TEXT and --tool NAME');
  }
  const config = flags.config === undefined ? '{}' : jsonObjectArgument(flags.config, '--config');
  const { LocalPlugin } = await import('../local/plugin.js');
  const plugin = await LocalPlugin.open(await readPackage(path), { config, hostVersion: VERSION });
  const { manifest } = plugin.contents;
  const fuel = flags.fuel ?? manifest.metadata.requirements.max_fuel ?? GUEST_LIMITS.defaultCallFuel;
  const { tool } = flags;
  const call: LocalCall =
    tool === undefined
      ? { kind: 'signal', fuel, bytes: signalBytes(manifest, flags) }
      : { kind: 'tool', fuel, bytes: await toolBytes(manifest, tool, flags.params ?? []) };
  return { plugin, calls: new Array<LocalCall>(flags.calls).fill(call) };
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function signalBytes(manifest: Manifest, flags: LocalFlags): Uint8Array {
  const signal = {
    ...emptySignal(),
    id: bytesOf(SIGNAL_ID),
    type: bytesOf(flags.type),
    layer: layerOf(manifest, flags.layer),
    source: bytesOf('hal9-cli'),
    content: bytesOf(flags.signal ?? ''),
    metadata: Object.entries(metadataOf(flags.metadata ?? [])).map(([key, value]): [Uint8Array, Uint8Array] => [
      bytesOf(key),
      bytesOf(value),
    ]),
    timestampMs: SIGNAL_TIMESTAMP_MS,
  };
  const out = new Uint8Array(sizeSignal(signal));
  writeSignal(signal, out, 0);
  return out;
}

function layerOf(manifest: Manifest, asked: Layer | undefined): number {
  const layers = [...new Set(neuronOffers(manifest).map(({ layer }) => layer))];
  const names = layers.map((layer) => `L${layer}`).join(', ');
  if (layers.length === 0) throw new HostError('NOBODY_REGISTERED', 'the plugin has no neuron; run a tool with --tool');
  const wanted = asked === undefined ? undefined : Number(asked.slice(1));
  if (wanted === undefined && layers.length > 1) throw new UsageError(`choose a --layer: the plugin has ${names}`);
  const layer = wanted ?? layers[0];
  if (layer === undefined || !layers.includes(layer)) {
    throw new HostError('NOBODY_REGISTERED', `the plugin has no neuron for ${asked}, but for ${names}`);
  }
  return layer;
}

async function toolBytes(manifest: Manifest, tool: string, given: readonly string[]): Promise<Uint8Array> {
  const tools = toolDeclarations(manifest);
  const declared = tools.find(({ name }) => name === tool);
  if (declared === undefined) {
    const names = tools.map(({ name }) => name).join(', ') || 'none';
    throw new HostError('TOOL_NOT_FOUND', `the plugin offers no tool named "${tool}"; it offers ${names}`);
  }
  const parameters = await parametersText(given, () => Promise.resolve(declared.parameters));
  const request = { ...emptyInvokeToolRequest(), tool: bytesOf(tool), parameters: bytesOf(parameters) };
  const out = new Uint8Array(sizeInvokeToolRequest(request));
  writeInvokeToolRequest(request, out, 0);
  return out;
}
