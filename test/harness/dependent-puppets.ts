import { readFileSync } from 'node:fs';
import { packPuppet } from './puppet.js';
import { ATTACK_NEURON, idOf, packWat } from './wat-plugin.js';

/** `puppetNeeding('app 1.0.0', 'lib ^1.0.0', 'extra * optional')`: a puppet that depends on others, which it names. */
export function puppetNeeding(ref: string, ...needed: readonly string[]): Promise<Uint8Array> {
  const [name = '', version = ''] = ref.split(' ');
  return packPuppet({ name, version, requirements: { max_memory_mb: 2, ...dependenciesOf(needed) } });
}

/** The same, but for its start, which traps. */
export function brokenPuppet(ref: string, ...needed: readonly string[]): Promise<Uint8Array> {
  const [name = '', version = ''] = ref.split(' ');
  const wat = readFileSync('test/guests/puppet.wat', 'utf8').replace(
    '(memory (export',
    '(func (export "_initialize") unreachable) (memory (export',
  );
  return packWat({ name, version, wat, capabilities: CAPABILITIES, requirements: dependenciesOf(needed) });
}

const CAPABILITIES = [
  ATTACK_NEURON,
  { type: 'ToolProvider', config: { tool_name: 'broken', tool_description: 'Is never reached.', parameters: [] } },
];

function dependenciesOf(needed: readonly string[]): { dependencies: object[] } {
  const dependencies = needed.map((text) => {
    const [name = '', version = '', optional] = text.split(' ');
    return { plugin_id: idOf(name), version, optional: optional === 'optional' };
  });
  return { dependencies };
}
