import { existsSync, readFileSync } from 'node:fs';
import type { Client } from '../src/client/client.js';
import { packBytes } from '../src/package/pack.js';
import { zipFiles } from '../src/package/zip-write.js';
import { idOf } from '../test/harness/wat-plugin.js';

const ECHO = 'examples/echo/echo.wasm';
const SENTIMENT = 'examples/sentiment-analyzer';

/** The echo neuron of the examples, built with the SDK. */
export async function packEcho(): Promise<Uint8Array> {
  return (await packBytes({ wasmPath: ECHO })).bytes;
}

/** The sentiment analyzer of the examples; undefined where it has not been built. */
export async function packSentiment(): Promise<Uint8Array | undefined> {
  return existsSync(SENTIMENT) ? (await packBytes({ directory: SENTIMENT })).bytes : undefined;
}

/** The echo module as another plugin, so that there can be many: stateless, a neuron for L9 and a tool of its name. */
export function packStateless(name: string): Promise<Uint8Array> {
  const parameters = [{ name: 'text', param_type: 'string', required: true, description: 'The text.' }];
  const manifest = {
    api_version: 1,
    metadata: {
      id: idOf(name),
      name,
      version: '1.0.0',
      author: 'bench',
      description: 'Answers with what it was sent.',
      license: 'MIT',
      capabilities: [
        { type: 'NeuronType', config: { layer: 'L9', neuron_type: name, description: 'Echo.' } },
        { type: 'ToolProvider', config: { tool_name: name, tool_description: 'Echo.', parameters } },
      ],
      requirements: {
        min_hal9_version: '0.1.0',
        max_memory_mb: 8,
        required_permissions: [],
        dependencies: [],
        stateful: false,
      },
    },
    files: { wasm: 'plugin.wasm' },
  };
  const files = { 'manifest.json': Buffer.from(JSON.stringify(manifest)), 'plugin.wasm': readFileSync(ECHO) };
  return zipFiles(new Map<string, Uint8Array>(Object.entries(files)));
}

/** Installs and activates; returns the plugin's id. */
export async function putIntoService(client: Client, bytes: Uint8Array): Promise<string> {
  const { plugin } = await client.installPlugin(bytes);
  const id = plugin?.ref?.id;
  if (id === undefined) throw new Error('the server did not say which plugin it installed');
  await client.activatePlugin(id);
  return id;
}

/** One signal to one plugin, which must answer. Returns how long it took, in milliseconds. */
export async function callOnce(client: Client, pluginId: string, layer: 'L2' | 'L9'): Promise<number> {
  const from = performance.now();
  const { results } = await client.processSignal({ signal: { layer, content: 'hello' }, pluginId });
  const elapsedMs = performance.now() - from;
  if (results.length !== 1 || results[0]?.outcome !== 'OK')
    throw new Error(`expected an answer, found ${JSON.stringify(results)}`);
  return elapsedMs;
}
