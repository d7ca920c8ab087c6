import type { Plugin } from '../client/messages.js';
import { printLine, printTable } from './output.js';

/** `name version (id)`. */
export function refText(plugin: Pick<Plugin, 'ref'> | null): string {
  const ref = plugin?.ref;
  return ref ? `${ref.name} ${ref.version} (${ref.id})` : 'the plugin';
}

export function printPlugins(plugins: readonly Plugin[]): void {
  if (plugins.length === 0) {
    printLine('no plugin is installed; add one with: hal9 plugin install PATH');
    return;
  }
  printTable(
    ['NAME', 'VERSION', 'STATE', 'OFFERS', 'INSTANCES', 'WAITING', 'SIGNED BY', 'ID'],
    plugins.map((plugin) => [
      plugin.ref?.name ?? '',
      plugin.ref?.version ?? '',
      plugin.state,
      plugin.capabilities.map(offerText).join(', '),
      String(plugin.instances),
      String(plugin.queueLength),
      signersText(plugin),
      plugin.ref?.id ?? '',
    ]),
  );
}

/** The operator's names for the keys, or that there are none. */
export function signersText({ unsigned, signers }: Plugin): string {
  return unsigned ? 'UNSIGNED' : signers.map(({ name }) => name).join(', ');
}

/** `L2 neuron "sentiment"`, `tool analyze_sentiment`, or the capability's type. */
export function offerText({ type, config }: Plugin['capabilities'][number]): string {
  const fields = parseObject(config);
  switch (type) {
    case 'NeuronType':
      return `${String(fields['layer'])} neuron ${String(fields['neuron_type'])}`;
    case 'ToolProvider':
      return `tool ${String(fields['tool_name'])}`;
    default:
      return type;
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
