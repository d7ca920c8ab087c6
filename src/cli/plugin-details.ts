import type { Plugin } from '../client/messages.js';
import { shownPermission } from '../sandbox/permission-text.js';
import { bytesText, printFields } from './output.js';
import { offerText, signersText } from './plugin-text.js';

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

/** `readme README.md (1.2 KiB)`, with the name under which the guest reads an asset. */
function fileText({ kind, path, name, sizeBytes }: Plugin['files'][number]): string {
  const read = name === '' ? '' : `, read as /assets/${name}`;
  return `${kind} ${path} (${bytesText(sizeBytes)}${read})`;
}

/** `tokens ^1.2.0 (id): found 1.3.0, ACTIVE`. */
function dependencyText(dependency: Plugin['dependencies'][number], plugins: readonly Plugin[]): string {
  const { pluginId, versionRange, optional, installedVersion } = dependency;
  const found = plugins.find(({ ref }) => ref?.id === pluginId);
  const what = `${found?.ref ? `${found.ref.name} ${versionRange} (${pluginId})` : `${pluginId} ${versionRange}`}`;
  const there = installedVersion === '' ? 'not installed' : `found ${installedVersion}, ${found?.state ?? ''}`;
  return `${what}${optional ? ', optional' : ''}: ${there}`;
}
