import { HostError } from '../errors.js';
import type { Log } from '../observe/log.js';
import type { PackageContents } from '../package/contents.js';
import { packBytes } from '../package/pack.js';
import { readPackage } from '../package/read.js';
import type { IndexEntry, PackageStore } from '../package/store.js';
import type { Preparer } from '../prepare/prepare.js';
import { checkDependents, dependentsOf, inOrder, reach, resolve } from './dependencies.js';
import { checkServed, inUse, startInOrder, stopAll, stopOrder, usersOf, warmUpInOrder } from './in-order.js';
import { checkConfig, InstalledPlugin, nodeOf, type PluginRuntime } from './installed-plugin.js';
import { PluginTable } from './plugin-table.js';
import type { Changed, Plugins, PluginView, Requester } from './plugins-api.js';
import { Serial } from './serial.js';

export interface PluginsParts {
  store: PackageStore;
  preparer: Preparer;
  runtime: PluginRuntime;
  log: Log;
  /** For calls under way when a plugin is taken out of service. */
  drainMs: number;
  /** A plugin was uninstalled. */
  forgotten(id: string): void;
}

/**
 * The plugins of this server. What changes them happens one after the other; the index on disk is written before a change
 * is visible, so that a crash leaves the old state or the new one.
 */
export class InstalledPlugins implements Plugins {
  readonly #parts: PluginsParts;
  readonly #table: PluginTable;
  readonly #serial = new Serial();

  constructor(parts: PluginsParts) {
    this.#parts = parts;
    this.#table = new PluginTable(parts.store);
  }

  /**
   * Brings back what was installed, with plugins from directories (unsigned, and gone when the server stops), and puts into
   * service what was there, in order. An installed plugin that fails does not keep the others, but those that need it.
   *
   * @param directories whose plugins go into service
   * @returns those plugins
   */
  async open(directories: readonly string[] = []): Promise<PluginView[]> {
    const entries = await this.#parts.store.readIndex();
    const reopened = await Promise.all(
      entries.map(async (entry) => {
        try {
          return await this.#reopen(entry);
        } catch (error) {
          this.#table.leaveUnopened(entry);
          this.#notBack(entry, error);
          return undefined;
        }
      }),
    );
    // In the order of the index: what the ledger can no longer cover is then always the same.
    for (const plugin of reopened) if (plugin !== undefined) this.#table.admit(plugin);
    for (const directory of directories) await this.#admitDirectory(directory);
    await this.#backIntoService();
    return this.list().filter(({ development }) => development);
  }

  async install(packageBytes: Uint8Array, by: Requester): Promise<{ plugin: PluginView; changed: boolean }> {
    const contents = await readPackage(packageBytes);
    const { id } = contents.manifest.metadata;
    const node = nodeOf(contents.manifest);
    const needed = (): ReadonlySet<string> => reach(id, this.#table.graph(node), 'dependencies');
    return this.#serial.runAll(needed, () => this.#install(contents, packageBytes), by.signal);
  }

  list(): PluginView[] {
    const key = ({ ref }: InstalledPlugin): string => `${ref.name}\0${ref.id}`;
    return [...this.#table.plugins.values()]
      .sort((a, b) => (key(a) < key(b) ? -1 : 1))
      .map((plugin) => this.#table.view(plugin));
  }

  /** As `PluginTable.countByState`. */
  countByState(): { active: number; resting: number; failed: number } {
    return this.#table.countByState();
  }

  get(idOrName: string): PluginView {
    return this.#table.view(this.#table.find(idOrName));
  }

  activate(idOrName: string, config: string | undefined, by: Requester): Promise<Changed> {
    return this.#change(idOrName, 'dependencies', by, async (plugin) => {
      const others = await startInOrder(plugin, this.#table, {
        begin: async () => {
          if (config !== undefined && config !== plugin.config) await this.#reconfigure(plugin, checkConfig(config));
          else await plugin.activate();
        },
        keep: (plugins) => this.#keep(plugins, true, 'activated'),
        stop: (started) => started.deactivate(this.#parts.drainMs),
      });
      return { plugin: this.#table.view(plugin), others: others.map(({ ref }) => ref) };
    });
  }

  deactivate(idOrName: string, force: boolean, by: Requester): Promise<Changed> {
    return this.#change(idOrName, 'dependents', by, async (plugin) => {
      const users = usersOf(plugin, this.#table, force);
      await this.#takeOut([...users, plugin]);
      return { plugin: this.#table.view(plugin), others: users.map(({ ref }) => ref) };
    });
  }

  uninstall(idOrName: string, force: boolean, by: Requester): Promise<PluginView['ref']> {
    return this.#change(idOrName, 'dependents', by, async (plugin) => {
      const dependents = dependentsOf(plugin.ref.id, this.#table.graph()).map(({ id }) => this.#table.find(id));
      if (!force && dependents.length > 0) throw inUse(plugin, 'installed plugins need it', dependents);
      if (!force && plugin.active) throw active(plugin, 'uninstalling it');
      if (plugin.active) await this.#takeOut([...usersOf(plugin, this.#table, force), plugin]);
      await this.#table.remove(plugin);
      if (!plugin.development) await this.#parts.store.remove(plugin.digest);
      this.#parts.forgotten(plugin.ref.id);
      this.#tell(plugin, 'uninstalled');
      return plugin.ref;
    });
  }

  /**
   * Ends every instance, dependents before what they need; the index keeps what was active. When this has returned nothing is
   * written any more: what was under way has ended, what was waiting is refused.
   */
  async close(drainMs: number): Promise<void> {
    this.#parts.runtime.pool.stopRecruiting();
    const closed = this.#serial.close();
    await stopAll(stopOrder(this.#table.plugins.keys(), this.#table), drainMs, (plugin) =>
      this.#tell(plugin, 'stopped'),
    );
    await closed;
  }

  /**
   * Changes a plugin in its turn, which is that of what it depends on, or of what depends on it, as well. It is looked up again
   * then: what came before may have removed it.
   */
  async #change<T>(
    idOrName: string,
    and: 'dependencies' | 'dependents',
    by: Requester,
    action: (plugin: InstalledPlugin) => Promise<T>,
  ): Promise<T> {
    const { id } = this.#table.find(idOrName).ref;
    const touched = (): ReadonlySet<string> => reach(id, this.#table.graph(), and);
    return this.#serial.runAll(touched, () => action(this.#table.find(id)), by.signal);
  }

  /** Takes plugins out of service, one after the other. */
  async #takeOut(plugins: readonly InstalledPlugin[]): Promise<void> {
    for (const plugin of plugins) await plugin.deactivate(this.#parts.drainMs);
    await this.#keep(plugins, false, 'deactivated');
  }

  /** Writes down whether plugins are to be in service. What cannot be written is not so. */
  async #keep(plugins: readonly InstalledPlugin[], wanted: boolean, what: string): Promise<void> {
    const before = plugins.map((plugin) => plugin.wanted);
    for (const plugin of plugins) plugin.wanted = wanted;
    try {
      await this.#table.save();
    } catch (error) {
      plugins.forEach((plugin, index) => {
        plugin.wanted = before[index] ?? false;
      });
      throw error;
    }
    for (const plugin of plugins) this.#tell(plugin, what);
  }

  async #install(contents: PackageContents, bytes: Uint8Array): Promise<{ plugin: PluginView; changed: boolean }> {
    const { id, version } = contents.manifest.metadata;
    const before = this.#table.plugins.get(id);
    if (before?.digest === contents.digest) return { plugin: this.#table.view(before), changed: false };
    if (before !== undefined) refuseReplacement(before, version);
    const node = nodeOf(contents.manifest);
    resolve(node, this.#table.graph(node));
    checkDependents(node, this.#table.graph());
    const plugin = await this.#prepare(contents, {
      config: before?.config ?? '{}',
      installedAtMs: Date.now(),
      development: false,
    });
    await this.#parts.store.put(contents, bytes);
    const replaced = await this.#table.put(plugin);
    if (replaced !== undefined) await this.#parts.store.remove(replaced);
    this.#tell(plugin, 'installed');
    return { plugin: this.#table.view(plugin), changed: true };
  }

  async #reopen(entry: IndexEntry): Promise<InstalledPlugin> {
    const stored = await this.#parts.store.open(entry.digest);
    const prepared = await this.#parts.preparer.prepare(stored);
    const { manifest, digest } = stored;
    const { config, installedAtMs } = entry;
    const parts = { manifest, digest, prepared, config, installedAtMs, development: false };
    const plugin = new InstalledPlugin(parts, this.#parts.runtime);
    plugin.wanted = entry.active;
    return plugin;
  }

  async #admitDirectory(directory: string): Promise<void> {
    const contents = await readPackage((await packBytes({ directory })).bytes);
    const { id } = contents.manifest.metadata;
    if (this.#table.plugins.has(id))
      throw new HostError(
        'PLUGIN_EXISTS',
        `plugin ${id} is installed; uninstall it, or change the id in the directory`,
      );
    this.#table.admit(await this.#prepare(contents, { config: '{}', installedAtMs: Date.now(), development: true }));
  }

  /** A plugin from a directory goes into service with what it needs, or the server does not start: its author watches. */
  async #backIntoService(): Promise<void> {
    const wanted = [...this.#table.plugins.values()].filter(({ wanted, development }) => wanted || development);
    for (const { id } of inOrder(wanted.map(({ node }) => node))) {
      const plugin = this.#table.find(id);
      try {
        if (plugin.development) await this.#startDirectory(plugin);
        else this.#enlist(plugin);
      } catch (error) {
        if (plugin.development) throw error;
        this.#notBack(plugin.ref, error);
      }
    }
    void warmUpInOrder(stopOrder(this.#table.plugins.keys(), this.#table).reverse(), (plugin) =>
      plugin.view().stateful
        ? plugin.warmUp().catch((error: unknown) => this.#notStarted(plugin, error))
        : Promise.resolve(),
    );
  }

  #enlist(plugin: InstalledPlugin): void {
    checkServed(plugin, this.#table);
    plugin.enlist();
    this.#tell(plugin, 'back in service');
  }

  async #startDirectory(plugin: InstalledPlugin): Promise<void> {
    await startInOrder(plugin, this.#table, {
      begin: () => plugin.activate(),
      keep: async () => undefined,
      stop: (started) => started.deactivate(0),
    });
  }

  #notBack({ id, version }: { id: string; version: string }, error: unknown): void {
    this.#parts.log.error({ pluginId: id, version, err: error }, 'a plugin could not be brought back');
  }

  #tell({ ref, digest }: InstalledPlugin, what: string): void {
    const { name, id, version } = ref;
    this.#parts.log.info({ plugin: name, pluginId: id, version, digest }, `plugin ${what}`);
  }

  #notStarted(plugin: InstalledPlugin, error: unknown): void {
    this.#parts.log.error(
      { plugin: plugin.ref.name, pluginId: plugin.ref.id, err: error },
      'a plugin could not be started; its next call tries again',
    );
  }

  async #prepare(
    contents: PackageContents,
    state: { config: string; installedAtMs: number; development: boolean },
  ): Promise<InstalledPlugin> {
    const { manifest, digest } = contents;
    const prepared = await this.#parts.preparer.prepare(contents);
    return new InstalledPlugin({ manifest, digest, prepared, ...state }, this.#parts.runtime);
  }

  /** A plugin sees its configuration when it is loaded. One that it refuses is not kept: the last one goes back into service. */
  async #reconfigure(plugin: InstalledPlugin, config: string): Promise<void> {
    const { config: before, active: wasActive } = plugin;
    await plugin.deactivate(this.#parts.drainMs);
    plugin.config = config;
    try {
      await plugin.activate();
    } catch (error) {
      plugin.config = before;
      if (wasActive) await plugin.activate();
      throw error;
    }
  }
}

function refuseReplacement(before: InstalledPlugin, version: string): void {
  if (before.ref.version === version) {
    throw new HostError(
      'PLUGIN_EXISTS',
      `${before.ref.name} ${version} is installed with other contents (${before.digest.slice(0, 12)}…); raise the version, or uninstall it first`,
    );
  }
  if (before.active) throw active(before, `installing ${version}`);
}

function active(plugin: InstalledPlugin, before: string): HostError {
  return new HostError(
    'PLUGIN_ACTIVE',
    `${plugin.ref.name} ${plugin.ref.version} is active; deactivate it before ${before}`,
  );
}
