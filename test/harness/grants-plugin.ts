import { readFileSync } from 'node:fs';
import type { Client } from '../../src/client/client.js';
import { packWat } from './wat-plugin.js';

export interface GrantsPluginOptions {
  name: string;
  version?: string;
  /** Permissions that its manifest asks for. */
  asks?: readonly unknown[];
}

const NEURON = { type: 'NeuronType', config: { layer: 'L2', neuron_type: 'grants', description: 'Tries things.' } };

/** A package of `test/guests/grants.wat`, which tries what needs a permission. */
export function packGrants({ name, version = '1.0.0', asks = [] }: GrantsPluginOptions): Promise<Uint8Array> {
  const wat = readFileSync('test/guests/grants.wat', 'utf8');
  return packWat({ name, version, wat, capabilities: [NEURON], requirements: { required_permissions: asks } });
}

/** What the plugin saw when it tried, by the first letter of what it was sent. */
export async function tries(client: Client, what: string, pluginId = ''): Promise<string> {
  const { results } = await client.processSignal({ signal: { layer: 'L2', content: what }, pluginId });
  const [result] = results;
  return result?.signals[0]?.content ?? `${result?.outcome}: ${result?.error?.message}`;
}
