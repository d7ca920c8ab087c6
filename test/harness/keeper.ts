import { readFileSync } from 'node:fs';
import type { Client } from '../../src/client/client.js';
import type { PluginResult } from '../../src/client/messages.js';
import { packWat } from './wat-plugin.js';

/** Permissions that a keeper asks for. */
const ASKED = ['Hal9Memory', { Hal9SharedMemory: 'team' }] as const;

/** What a signal says, besides what to do. */
interface Told {
  /** The key or prefix. */
  source?: string;
  /** The value or query. */
  content?: string;
  /** The limit, or how often. */
  times?: number;
}

/** A plugin of `test/guests/keeper.wat`, and what it is asked to do with its memory. */
export class Keeper {
  readonly name: string;
  readonly #client: Client;

  private constructor(name: string, client: Client) {
    this.name = name;
    this.#client = client;
  }

  /** Installs it, with what it asks for granted, and puts it into service. Its neuron has the plugin's name as its type. */
  static async install(
    client: Client,
    { name = 'keeper', version = '1.0.0', granted = true, requirements = {} } = {},
  ): Promise<Keeper> {
    const capabilities = [
      { type: 'NeuronType', config: { layer: 'L2', neuron_type: name, description: 'Keeps what it is told.' } },
    ];
    const bytes = await packWat({
      name,
      version,
      wat: readFileSync('test/guests/keeper.wat', 'utf8'),
      capabilities,
      requirements: { required_permissions: ASKED, stateful: false, ...requirements },
    });
    await client.installPlugin(bytes, { decisions: { rest: granted ? 'REST_GRANT' : 'REST_DENY' } });
    await client.activatePlugin(name);
    return new Keeper(name, client);
  }

  /** The same plugin, which is installed already, seen by another client. */
  seenBy(client: Client): Keeper {
    return new Keeper(this.name, client);
  }

  get(key: string): Promise<string> {
    return this.#one('get', { source: key });
  }

  set(key: string, value: unknown): Promise<string> {
    return this.setText(key, JSON.stringify(value));
  }

  setText(key: string, text: string): Promise<string> {
    return this.#one('set', { source: key, content: text });
  }

  delete(key: string): Promise<string> {
    return this.#one('delete', { source: key });
  }

  list(prefix: string, limit = 100): Promise<[string, string][]> {
    return this.#entries('list', { source: prefix, times: limit });
  }

  find(query: string, limit = 100): Promise<[string, string][]> {
    return this.#entries('find', { content: query, times: limit });
  }

  /** What came of one signal; `fuel` is its budget. */
  async tell(type: string, { source = '', content = '', times = 0 }: Told, fuel?: number): Promise<PluginResult> {
    const { results } = await this.#client.processSignal({
      signal: { type, layer: 'L2', source, content, timestampMs: String(times) },
      neuronType: this.name,
      ...(fuel === undefined ? {} : { fuel }),
    });
    return results[0] as PluginResult;
  }

  async #one(type: string, told: Told): Promise<string> {
    const result = await this.tell(type, told);
    return result.outcome === 'OK' ? (result.signals[0]?.content ?? '') : refusal(result);
  }

  async #entries(type: string, told: Told): Promise<[string, string][]> {
    const result = await this.tell(type, told);
    if (result.outcome !== 'OK') return [['refused', refusal(result)]];
    return result.signals.map(({ id, content }) => [id, content]);
  }
}

/** `CODE: message`, or the outcome of what did not come to its end. */
function refusal({ outcome, error, limit }: PluginResult): string {
  return outcome === 'PLUGIN_ERROR' ? `${error?.code}: ${error?.message}` : `${outcome} ${limit}`;
}
