import type { GrantRules } from '../config/grants.js';
import { HostError } from '../errors.js';
import type { Log } from '../observe/log.js';
import type { PackageContents } from '../package/contents.js';
import { packBytes } from '../package/pack.js';
import { readPackage } from '../package/read.js';
import type { IndexEntry, PackageStore } from '../package/store.js';
import type { Preparer } from '../prepare/prepare.js';
import type { Decisions } from '../sandbox/decisions.js';
import { permissionText } from '../sandbox/permission-text.js';
import { regrant, requireDecided, restarted } from './granting.js';
import { checkConfig, InstalledPlugin, type InstalledPluginParts, type PluginRuntime } from './installed-plugin.js';
import { PluginGrants } from './plugin-grants.js';
import { PluginTable } from './plugin-table.js';
import type { GrantsOf, Installed, InstallOrder, Plugins, PluginView, Requester } from './plugins-api.js';
import { Serial } from './serial.js';

export interface PluginsParts {
  store: PackageStore;
  preparer: Preparer;
  /** The same, keeping nothing. */
  dryPreparer: Preparer;
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

  /** Brings back what was installed, and puts into service what was. One plugin that fails does not keep the others. */
  async open(): Promise<void> {
    const entries = await this.#parts.store.readIndex();
    const reopened = await Promise.all(
      entries.map(async (entry) => {
        try {
          return { entry, plugin: await this.#reopen(entry) };
        } catch (error) {
          this.#table.leaveUnopened(entry);
          this.#notBack(entry, error);
          return undefined;
        }
      }),
    );
    // In the order of the index: what the ledger can no longer cover is then always the same.
    for (const found of reopened) if (found !== undefined) this.#backIntoService(found.entry, found.plugin);
  }

  /** Loads a plugin from a directory: unsigned, and gone when the server stops. */
  async openDirectory(directory: string): Promise<PluginView> {
    const contents = await readPackage((await packBytes({ directory })).bytes);
    const { id } = contents.manifest.metadata;
    return this.#serial.run(id, async () => {
      if (this.#table.plugins.has(id))
        throw new HostError(
          'PLUGIN_EXISTS',
          `plugin ${id} is installed; uninstall it, or change the id in the directory`,
        );
      const grants = PluginGrants.of(contents.manifest, {}, this.#parts.runtime.configured);
      const state = { config: '{}', installedAtMs: Date.now(), development: true, grants };
      const plugin = await this.#prepare(contents, state, this.#parts.preparer);
      this.#tellUndecided(plugin);
      await plugin.activate();
      this.#table.admit(plugin);
      return plugin.view();
    });
  }

  async install(packageBytes: Uint8Array, order: InstallOrder, by: Requester): Promise<Installed> {
    const contents = await readPackage(packageBytes);
    const { id } = contents.manifest.metadata;
    return this.#serial.run(id, () => this.#install(contents, packageBytes, order), by.signal);
  }

  list(): PluginView[] {
    const key = ({ ref }: InstalledPlugin): string => `${ref.name}\0${ref.id}`;
    return [...this.#table.plugins.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1)).map((plugin) => plugin.view());
  }

  /** As `PluginTable.countByState`. */
  countByState(): { active: number; resting: number; failed: number } {
    return this.#table.countByState();
  }

  get(idOrName: string): PluginView {
    return this.#table.find(idOrName).view();
  }

  activate(idOrName: string, config: string | undefined, by: Requester): Promise<PluginView> {
    return this.#change(idOrName, by, async (plugin) => {
      if (config !== undefined && config !== plugin.config) await this.#reconfigure(plugin, checkConfig(config));
      else await plugin.activate();
      plugin.wanted = true;
      await this.#table.save();
      this.#tell(plugin, 'activated');
      return plugin.view();
    });
  }

  deactivate(idOrName: string, by: Requester): Promise<PluginView> {
    return this.#change(idOrName, by, async (plugin) => {
      await plugin.deactivate(this.#parts.drainMs);
      plugin.wanted = false;
      await this.#table.save();
      this.#tell(plugin, 'deactivated');
      return plugin.view();
    });
  }

  uninstall(idOrName: string, by: Requester): Promise<PluginView['ref']> {
    return this.#change(idOrName, by, async (plugin) => {
      if (plugin.active) throw active(plugin, 'uninstalling it');
      await this.#table.remove(plugin);
      if (!plugin.development) await this.#parts.store.remove(plugin.digest);
      this.#parts.forgotten(plugin.ref.id);
      this.#tell(plugin, 'uninstalled');
      return plugin.ref;
    });
  }

  permissions(idOrName: string): GrantsOf {
    return this.#table.find(idOrName).permissions();
  }

  setGrants(idOrName: string, decisions: Decisions, by: Requester): Promise<GrantsOf> {
    return this.#change(idOrName, by, async (plugin) => {
      await this.#regrant(plugin, decisions);
      return plugin.permissions();
    });
  }

  /** Takes over what the configuration grants and denies now. Instances of plugins that may do something else start afresh. */
  async replaceConfigured(rules: GrantRules): Promise<void> {
    const before = new Map([...this.#table.plugins].map(([id, { grants }]) => [id, grants.fingerprint]));
    this.#parts.runtime.configured.replace(rules);
    const changed = [...this.#table.plugins.values()].filter(({ ref, grants }) => before.get(ref.id) !== grants.fingerprint);
    await Promise.all(
      changed.map(async ({ ref }) => {
        const restart = (plugin: InstalledPlugin): Promise<void> => restarted(plugin, this.#parts.drainMs);
        await this.#change(ref.id, { actor: 'configuration' }, restart).catch((error: unknown) => {
          this.#parts.log.error({ pluginId: ref.id, err: error }, 'a plugin could not be started with other grants');
        });
      }),
    );
  }

  /**
   * Ends every instance in order; the index keeps what was active. When this has returned nothing is written any more: what was
   * under way has ended, what was waiting is refused.
   */
  async close(drainMs: number): Promise<void> {
    this.#parts.runtime.pool.stopRecruiting();
    const closed = this.#serial.close();
    await Promise.all([...this.#table.plugins.values()].map((plugin) => plugin.deactivate(drainMs)));
    await closed;
  }

  /** Changes a plugin in its turn. It is looked up again then: what came before may have removed it. */
  async #change<T>(idOrName: string, by: Requester, action: (plugin: InstalledPlugin) => Promise<T>): Promise<T> {
    const { id } = this.#table.find(idOrName).ref;
    return this.#serial.run(id, () => action(this.#table.find(id)), by.signal);
  }

  async #install(contents: PackageContents, bytes: Uint8Array, order: InstallOrder): Promise<Installed> {
    const { dryRun, decisions } = order;
    const { manifest } = contents;
    const before = this.#table.plugins.get(manifest.metadata.id);
    if (before?.digest === contents.digest) {
      if (!dryRun) await this.#regrant(before, decisions);
      return { plugin: before.view(), changed: false, permissions: before.permissions().permissions };
    }
    if (before !== undefined) refuseSameVersion(before, manifest.metadata.version);
    const stored = before?.grants.stored ?? {};
    const grants = PluginGrants.of(manifest, stored, this.#parts.runtime.configured).with(decisions);
    requireDecided(manifest, grants);
    if (before?.active) throw active(before, `installing ${manifest.metadata.version}`);
    const state = { config: before?.config ?? '{}', installedAtMs: Date.now(), development: false, grants };
    const plugin = await this.#prepare(contents, state, dryRun ? this.#parts.dryPreparer : this.#parts.preparer);
    if (!dryRun) {
      await this.#parts.store.put(contents, bytes);
      const replaced = await this.#table.put(plugin);
      if (replaced !== undefined) await this.#parts.store.remove(replaced);
      this.#tell(plugin, 'installed');
    }
    return { plugin: plugin.view(), changed: true, permissions: plugin.permissions().permissions };
  }

  async #regrant(plugin: InstalledPlugin, decisions: Decisions): Promise<void> {
    const { drainMs } = this.#parts;
    if (!(await regrant(plugin, decisions, { save: () => this.#table.save(), drainMs }))) return;
    this.#tell(plugin, 'permissions decided');
  }

  async #reopen(entry: IndexEntry): Promise<InstalledPlugin> {
    const stored = await this.#parts.store.open(entry.digest);
    const prepared = await this.#parts.preparer.prepare(stored);
    const { manifest, digest } = stored;
    const { config, installedAtMs } = entry;
    const grants = PluginGrants.of(manifest, entry.grants, this.#parts.runtime.configured);
    const parts = { manifest, digest, prepared, config, installedAtMs, development: false, grants };
    return new InstalledPlugin(parts, this.#parts.runtime);
  }

  #backIntoService(entry: IndexEntry, plugin: InstalledPlugin): void {
    this.#table.admit(plugin);
    this.#tellUndecided(plugin);
    plugin.wanted = entry.active;
    if (!entry.active) return;
    try {
      plugin.enlist();
    } catch (error) {
      return this.#notBack(entry, error);
    }
    if (plugin.view().stateful) plugin.warmUp().catch((error: unknown) => this.#notStarted(plugin, error));
  }

  #notBack({ id, version }: IndexEntry, error: unknown): void {
    this.#parts.log.error({ pluginId: id, version, err: error }, 'a plugin could not be brought back');
  }

  #tell({ ref, digest }: InstalledPlugin, what: string): void {
    const { name, id, version } = ref;
    this.#parts.log.info({ plugin: name, pluginId: id, version, digest }, `plugin ${what}`);
  }

  #tellUndecided({ ref, grants }: InstalledPlugin): void {
    const permissions = grants.undecided.map(permissionText);
    if (permissions.length === 0) return;
    const { name, id, version } = ref;
    this.#parts.log.warn(
      { plugin: name, pluginId: id, version, permissions },
      'nobody has decided about permissions that a plugin asks for: it runs without them',
    );
  }

  #notStarted(plugin: InstalledPlugin, error: unknown): void {
    this.#parts.log.error(
      { plugin: plugin.ref.name, pluginId: plugin.ref.id, err: error },
      'a plugin could not be started; its next call tries again',
    );
  }

  async #prepare(
    contents: PackageContents,
    state: Omit<InstalledPluginParts, 'manifest' | 'digest' | 'prepared'>,
    preparer: Preparer,
  ): Promise<InstalledPlugin> {
    const { manifest, digest } = contents;
    const prepared = await preparer.prepare(contents);
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

function refuseSameVersion(before: InstalledPlugin, version: string): void {
  if (before.ref.version !== version) return;
  throw new HostError(
    'PLUGIN_EXISTS',
    `${before.ref.name} ${version} is installed with other contents (${before.digest.slice(0, 12)}…); raise the version, or uninstall it first`,
  );
}

function active(plugin: InstalledPlugin, before: string): HostError {
  return new HostError(
    'PLUGIN_ACTIVE',
    `${plugin.ref.name} ${plugin.ref.version} is active; deactivate it before ${before}`,
  );
}
