import type { Plugin } from '../client/messages.js';
import { shownPermission } from '../sandbox/permission-text.js';
import { bytesText, printFields, printLine, printTable } from './output.js';

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

/** @param plugins all that are installed: dependencies are shown by their names */
export function printPlugin(plugin: Plugin, plugins: readonly Plugin[]): void {
  printFields([
    ['name', plugin.ref?.name ?? ''],
    ['version', plugin.ref?.version ?? ''],
    ['id', plugin.ref?.id ?? ''],
    ['state', plugin.state],
    ['description', plugin.description],
    ['author', plugin.author],
    ['license', plugin.license],
    ...plugin.capabilities.map((capability) => ['offers', offerText(capability)] as const),
    ...plugin.permissionsAsked.map((text) => ['asks for', shownPermission(text)] as const),
    ...plugin.dependencies.map((dependency) => ['needs', dependencyText(dependency, plugins)] as const),
    ['instances', `${plugin.instances} (${plugin.stateful ? 'stateful' : 'stateless'})`],
    ['waiting', String(plugin.queueLength)],
    ['memory limit', bytesText(plugin.memoryLimitBytes)],
    ['module', bytesText(plugin.moduleBytes)],
    ['contract', plugin.contractVersion],
    ['installed', new Date(Number(plugin.installedAtMs)).toISOString()],
    ['digest', plugin.digest],
    ...plugin.files.map((file) => ['file', fileText(file)] as const),
    ...(plugin.unsigned ? [['signed by', signersText(plugin)] as const] : []),
    ...plugin.signers.map(({ name, keyId }) => ['signed by', `${name} (${keyId})`] as const),
    ['development', plugin.development ? 'yes: from a directory, gone when the server stops' : ''],
  ]);
}

/** The operator's names for the keys, or that there are none. */
function signersText({ unsigned, signers }: Plugin): string {
  return unsigned ? 'UNSIGNED' : signers.map(({ name }) => name).join(', ');
}

/** `readme README.md (1.2 KiB)`, with the name under which the guest reads an asset. */
function fileText({ kind, path, name, sizeBytes }: Plugin['files'][number]): string {
  const read = name === '' ? '' : `, read as /assets/${name}`;
  return `${kind} ${path} (${bytesText(sizeBytes)}${read})`;
}

/** `L2 neuron "sentiment"`, `tool analyze_sentiment`, or the capability's type. */
function offerText({ type, config }: Plugin['capabilities'][number]): string {
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

/** `tokens ^1.2.0 (id): found 1.3.0, ACTIVE`. */
function dependencyText(dependency: Plugin['dependencies'][number], plugins: readonly Plugin[]): string {
  const { pluginId, versionRange, optional, installedVersion } = dependency;
  const found = plugins.find(({ ref }) => ref?.id === pluginId);
  const what = `${found?.ref ? `${found.ref.name} ${versionRange} (${pluginId})` : `${pluginId} ${versionRange}`}`;
  const there = installedVersion === '' ? 'not installed' : `found ${installedVersion}, ${found?.state ?? ''}`;
  return `${what}${optional ? ', optional' : ''}: ${there}`;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
