import { readFileSync } from 'node:fs';
import { packWat } from './wat-plugin.js';

/** What a puppet is packed as. */
export interface PuppetOptions {
  name: string;
  version?: string;
  layer?: string;
  neuronType?: string;
  tool?: string;
  requirements?: Record<string, unknown>;
}

/** A package of `test/guests/puppet.wat`: a neuron and a tool that do what their input says. */
export function packPuppet(options: PuppetOptions): Promise<Uint8Array> {
  const { name, version = '1.0.0', layer = 'L2', neuronType = 'puppet', tool = 'obey', requirements = {} } = options;
  const capabilities = [
    { type: 'NeuronType', config: { layer, neuron_type: neuronType, description: 'Obeys.' } },
    {
      type: 'ToolProvider',
      config: {
        tool_name: tool,
        tool_description: 'Obeys.',
        parameters: [
          {
            name: 'do',
            param_type: 'string',
            required: true,
            description: 'e, c, s, t, x, w or l, and anything behind it.',
          },
          { name: 'times', param_type: 'integer', required: false, description: 'Of no effect.', default: 1 },
        ],
      },
    },
  ];
  return packWat({ name, version, wat: readFileSync('test/guests/puppet.wat', 'utf8'), capabilities, requirements });
}
