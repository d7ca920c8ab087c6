import { HostError } from '../errors.js';
import type { PackageContents } from '../package/contents.js';
import { packBytes } from '../package/pack.js';
import { filesInMemory } from '../package/package-files.js';
import { readPackage } from '../package/read.js';
import type { IndexEntry } from '../package/store.js';
import { inOrder } from './dependencies.js';
import { checkServed, startInOrder, stopOrder, warmUpInOrder } from './in-order.js';
import { InstalledPlugin, type InstalledPluginParts } from './installed-plugin.js';
import type { Journal } from './journal.js';
import { PluginGrants } from './plugin-grants.js';
import type { PluginTable } from './plugin-table.js';
import type { PluginsParts } from './plugins-parts.js';

type Parts = Pick<PluginsParts, 'store' | 'preparer' | 'runtime'> & { table: PluginTable; journal: Journal };

/**
 * Brings back what was installed, with plugins from directories (unsigned, and gone when the server stops), and puts into
 * service what was there, in order. An installed plugin that fails does not keep the others, but those that need it.
 *
 * @param directories whose plugins go into service; one that cannot does not let the server start: its author watches
 */
export async function bringBack(parts: Parts, directories: readonly string[]): Promise<void> {
  const { store, table, journal } = parts;
  const entries = await store.readIndex();
  const reopened = await Promise.all(
    entries.map(async (entry) => {
      try {
        return await reopen(parts, entry);
      } catch (error) {
        table.leaveUnopened(entry);
        journal.notBack(entry, error);
        return undefined;
      }
    }),
  );
  // In the order of the index: what the ledger can no longer cover is then always the same.
  for (const plugin of reopened) if (plugin !== undefined) table.admit(plugin);
  for (const directory of directories) await admitDirectory(parts, directory);
  for (const plugin of table.plugins.values()) journal.undecided(plugin);
  await backIntoService(parts);
}

/** Prepares a package that is to be a plugin of this server. Errors as `Preparer.prepare`. */
export async function preparePlugin(
  { preparer, runtime }: Pick<Parts, 'preparer' | 'runtime'>,
  contents: PackageContents,
  state: Omit<InstalledPluginParts, 'manifest' | 'digest' | 'prepared'>,
): Promise<InstalledPlugin> {
  const { manifest, digest } = contents;
  const prepared = await preparer.prepare(contents);
  return new InstalledPlugin({ manifest, digest, prepared, ...state }, runtime);
}

async function reopen({ store, preparer, runtime }: Parts, entry: IndexEntry): Promise<InstalledPlugin> {
  const stored = await store.open(entry.digest);
  const prepared = await preparer.prepare(stored);
  const { manifest, digest } = stored;
  const { config, installedAtMs, signedBy } = entry;
  const grants = PluginGrants.of(manifest, entry.grants, runtime.configured);
  const plugin = new InstalledPlugin(
    { manifest, digest, prepared, files: stored, config, installedAtMs, development: false, signedBy, grants },
    runtime,
  );
  plugin.wanted = entry.active;
  return plugin;
}

async function admitDirectory(parts: Parts, directory: string): Promise<void> {
  const { bytes } = await packBytes({ directory });
  const contents = await readPackage(bytes);
  const { id } = contents.manifest.metadata;
  if (parts.table.plugins.has(id))
    throw new HostError('PLUGIN_EXISTS', `plugin ${id} is installed; uninstall it, or change the id in the directory`);
  const grants = PluginGrants.of(contents.manifest, {}, parts.runtime.configured);
  const files = filesInMemory(bytes, contents);
  const state = { files, config: '{}', installedAtMs: Date.now(), development: true, signedBy: [], grants };
  parts.table.admit(await preparePlugin(parts, contents, state));
}

async function backIntoService({ table, journal }: Parts): Promise<void> {
  const wanted = [...table.plugins.values()].filter(({ wanted, development }) => wanted || development);
  for (const { id } of inOrder(wanted.map(({ node }) => node))) {
    const plugin = table.find(id);
    if (plugin.development) await startDirectory(plugin, table, journal);
    else await enlist(plugin, table, journal);
  }
  void warmUpInOrder(stopOrder(table.plugins.keys(), table).reverse(), (plugin) =>
    plugin.view().stateful
      ? plugin.warmUp().catch((error: unknown) => journal.notStarted(plugin, error))
      : Promise.resolve(),
  );
}

async function enlist(plugin: InstalledPlugin, table: PluginTable, journal: Journal): Promise<void> {
  try {
    checkServed(plugin, table);
    await plugin.enlist();
  } catch (error) {
    return journal.notBack(plugin.ref, error);
  }
  journal.loaded(plugin, 'start');
  journal.tell(plugin, 'back in service');
}

async function startDirectory(plugin: InstalledPlugin, table: PluginTable, journal: Journal): Promise<void> {
  await startInOrder(plugin, table, {
    start: async (needed) => {
      await needed.activate();
      journal.loaded(needed, 'start');
    },
    begin: () => plugin.activate(),
    stop: (started) => started.deactivate(0),
  });
  journal.loaded(plugin, 'directory');
}
