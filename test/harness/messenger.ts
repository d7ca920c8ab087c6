import { readFileSync } from 'node:fs';
import type { CallSettings, Client } from '../../src/client/client.js';
import type { PluginResult } from '../../src/client/messages.js';
import { idOf, packWat } from './wat-plugin.js';

interface MessengerOptions {
  name: string;
  /** Layers that it has a neuron for; L9 by default. */
  layers?: readonly string[];
  grants?: readonly unknown[];
  requirements?: Record<string, unknown>;
}

/** A plugin of `test/guests/messenger.wat`, and what it is told to do. */
export class Messenger {
  readonly name: string;
  readonly id: string;
  readonly #client: Client;

  private constructor(name: string, client: Client) {
    this.name = name;
    this.id = idOf(name);
    this.#client = client;
  }

  /** Installs it with permissions that it asks for, is granted and has. */
  static async install(
    client: Client,
    { name, layers = ['L9'], grants = [], requirements = {} }: MessengerOptions,
  ): Promise<Messenger> {
    const neurons = layers.map((layer) => ({
      type: 'NeuronType',
      config: { layer, neuron_type: name, description: 'Does what the content says.' },
    }));
    const parameters = [{ name: 'op', param_type: 'string', description: 'What to do.', required: true }];
    const tool = { tool_name: 'run', tool_description: 'Does what it is told.', parameters };
    await client.installPlugin(
      await packWat({
        name,
        wat: readFileSync('test/guests/messenger.wat', 'utf8'),
        capabilities: [...neurons, { type: 'ToolProvider', config: tool }],
        requirements: { required_permissions: grants, ...requirements },
      }),
      { decisions: { rest: 'REST_GRANT' } },
    );
    await client.activatePlugin(name);
    return new Messenger(name, client);
  }

  /** Of the tool. */
  async call(op: string, more: CallSettings & { fuel?: number; requestId?: string } = {}): Promise<PluginResult> {
    const { fuel, requestId, ...settings } = more;
    const request = { tool: 'run', pluginId: this.id, parameters: JSON.stringify({ op }) };
    const { result } = await this.#client.invokeTool(
      { ...request, ...(fuel === undefined ? {} : { fuel }), ...(requestId === undefined ? {} : { requestId }) },
      settings,
    );
    return result as PluginResult;
  }

  /** Of the neuron. */
  async signal(layer: `L${number}`, op: string, requestId = '', settings: CallSettings = {}): Promise<PluginResult> {
    const { results } = await this.#client.processSignal(
      { signal: { type: 'op', layer: layer as 'L1', content: op }, pluginId: this.id, requestId },
      settings,
    );
    return results[0] as PluginResult;
  }
}

/** The value or content that came, or `CODE: message`, or the outcome. */
export function told({ outcome, value, signals, error }: PluginResult): string {
  if (outcome === 'OK') return value || (signals[0]?.content ?? '');
  return outcome === 'PLUGIN_ERROR' ? `${error?.code}: ${error?.message}` : outcome;
}
