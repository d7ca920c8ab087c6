import type { GrantRules } from '../config/grants.js';
import { HostError } from '../errors.js';
import type { Log } from '../observe/log.js';
import { type PackageContents, sha256 } from '../package/contents.js';
import { packBytes } from '../package/pack.js';
import { readPackage } from '../package/read.js';
import type { IndexEntry, PackageStore } from '../package/store.js';
import type { Preparer } from '../prepare/prepare.js';
import type { Audit, AuditEvent } from '../sandbox/audit/audit-event.js';
import type { Decisions } from '../sandbox/decisions.js';
import { about, audited, auditedAnyway, denied } from './audited.js';
import { decisionDetails, regrant, requireDecided, restarted } from './granting.js';
import { checkConfig, InstalledPlugin, type InstalledPluginParts, type PluginRuntime } from './installed-plugin.js';
import { PluginGrants } from './plugin-grants.js';
import { PluginTable } from './plugin-table.js';
import type { GrantsOf, Installed, InstallOrder, Plugins, PluginView, Requester } from './plugins-api.js';
import { active, refuseSameVersion } from './refusals.js';
import { Serial } from './serial.js';
import { Telling } from './telling.js';

export interface PluginsParts {
  store: PackageStore;
  preparer: Preparer;
  /** The same, keeping nothing. */
  dryPreparer: Preparer;
  runtime: PluginRuntime;
  audit: Audit;
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
  readonly #telling: Telling;

  constructor(parts: PluginsParts) {
    this.#parts = parts;
    this.#telling = new Telling(parts);
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
          this.#telling.notBack(entry, error);
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
      this.#telling.undecided(plugin);
      await plugin.activate();
      this.#table.admit(plugin);
      this.#telling.loaded(plugin, 'directory');
      return plugin.view();
    });
  }

  async install(packageBytes: Uint8Array, order: InstallOrder, by: Requester): Promise<Installed> {
    const event: AuditEvent = { event: 'plugin.install', actor: by.actor };
    const install = async (): Promise<Installed> => {
      const contents = await readPackage(packageBytes);
      const { id, name, version } = contents.manifest.metadata;
      event.plugin = { id, name, version };
      event.details = { digest: contents.digest };
      return this.#serial.run(id, () => this.#install(contents, packageBytes, order, event), by.signal);
    };
    // What is only looked at leaves no trace.
    return order.dryRun ? install() : denied(this.#parts.audit, event, install);
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
      const next = config === undefined ? plugin.config : checkConfig(config);
      const details = { digest: plugin.digest, config_sha256: await sha256(Buffer.from(next)) };
      return audited(this.#parts.audit, about(plugin, 'plugin.activate', by.actor, details), async () => {
        const wasActive = plugin.active;
        if (next === plugin.config) await plugin.activate();
        else await this.#reconfigure(plugin, next);
        plugin.wanted = true;
        await this.#table.save();
        if (!wasActive) this.#telling.loaded(plugin, 'activation');
        this.#telling.done(plugin, 'activated');
        return plugin.view();
      });
    });
  }

  deactivate(idOrName: string, by: Requester): Promise<PluginView> {
    return this.#change(idOrName, by, (plugin) =>
      auditedAnyway(this.#parts.audit, about(plugin, 'plugin.deactivate', by.actor), async () => {
        await plugin.deactivate(this.#parts.drainMs);
        plugin.wanted = false;
        await this.#table.save();
        this.#telling.done(plugin, 'deactivated');
        return plugin.view();
      }),
    );
  }

  uninstall(idOrName: string, by: Requester): Promise<PluginView['ref']> {
    return this.#change(idOrName, by, async (plugin) => {
      if (plugin.active) throw active(plugin, 'uninstalling it');
      const event = about(plugin, 'plugin.uninstall', by.actor, { digest: plugin.digest });
      return auditedAnyway(this.#parts.audit, event, async () => {
        await this.#table.remove(plugin);
        if (!plugin.development) await this.#parts.store.remove(plugin.digest);
        this.#parts.runtime.uses.forget(plugin.ref.id);
        this.#parts.forgotten(plugin.ref.id);
        this.#telling.done(plugin, 'uninstalled');
        return plugin.ref;
      });
    });
  }

  permissions(idOrName: string): GrantsOf {
    return this.#table.find(idOrName).permissions();
  }

  setGrants(idOrName: string, decisions: Decisions, by: Requester): Promise<GrantsOf> {
    return this.#change(idOrName, by, async (plugin) => {
      await this.#regrant(plugin, decisions, by.actor);
      return plugin.permissions();
    });
  }

  /** Takes over what the configuration grants and denies now. Instances of plugins that may do something else start afresh. */
  async replaceConfigured(rules: GrantRules): Promise<void> {
    const before = new Map([...this.#table.plugins].map(([id, { grants }]) => [id, grants.fingerprint]));
    this.#parts.runtime.configured.replace(rules);
    const changed = [...this.#table.plugins.values()].filter(
      ({ ref, grants }) => before.get(ref.id) !== grants.fingerprint,
    );
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

  async #install(
    contents: PackageContents,
    bytes: Uint8Array,
    { dryRun, decisions }: InstallOrder,
    event: AuditEvent,
  ): Promise<Installed> {
    const { manifest } = contents;
    const { id, version } = manifest.metadata;
    const before = this.#table.plugins.get(id);
    if (before?.digest === contents.digest) {
      if (!dryRun) await this.#regrant(before, decisions, event.actor);
      return { plugin: before.view(), changed: false, permissions: before.permissions().permissions };
    }
    if (before !== undefined) refuseSameVersion(before, version);
    const { configured } = this.#parts.runtime;
    const grants = PluginGrants.of(manifest, before?.grants.stored ?? {}, configured).with(decisions);
    requireDecided(manifest, grants);
    if (before?.active) throw active(before, `installing ${version}`);
    const state = { config: before?.config ?? '{}', installedAtMs: Date.now(), development: false, grants };
    const plugin = await this.#prepare(contents, state, dryRun ? this.#parts.dryPreparer : this.#parts.preparer);
    const installed = { plugin: plugin.view(), changed: true, permissions: plugin.permissions().permissions };
    if (dryRun) return installed;
    const replaces = before === undefined ? {} : { replaces: before.ref.version };
    const details = { ...event.details, ...replaces, ...decisionDetails(grants) };
    return audited(this.#parts.audit, { ...event, details }, async () => {
      await this.#parts.store.put(contents, bytes);
      const replaced = await this.#table.put(plugin);
      if (replaced !== undefined) await this.#parts.store.remove(replaced);
      this.#telling.done(plugin, 'installed');
      return installed;
    });
  }

  async #regrant(plugin: InstalledPlugin, decisions: Decisions, actor: string): Promise<void> {
    const { audit, drainMs } = this.#parts;
    if (!(await regrant(plugin, decisions, { save: () => this.#table.save(), drainMs, audit, actor }))) return;
    this.#telling.done(plugin, 'permissions decided');
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
    this.#telling.undecided(plugin);
    plugin.wanted = entry.active;
    if (!entry.active) return;
    try {
      plugin.enlist();
    } catch (error) {
      return this.#telling.notBack(entry, error);
    }
    this.#telling.loaded(plugin, 'start');
    if (plugin.view().stateful) plugin.warmUp().catch((error: unknown) => this.#telling.notStarted(plugin, error));
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
