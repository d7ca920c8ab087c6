import { HostError } from '../errors.js';
import type { Log } from '../observe/log.js';
import type { PackageContents } from '../package/contents.js';
import { packBytes } from '../package/pack.js';
import { readPackage } from '../package/read.js';
import { sha256 } from '../package/signature/statement.js';
import type { IndexEntry, PackageStore } from '../package/store.js';
import type { Preparer } from '../prepare/prepare.js';
import type { Audit, AuditEvent } from '../sandbox/audit/audit-event.js';
import { about, audited, auditedAnyway, denied } from './audited.js';
import { checkConfig, InstalledPlugin, type PluginRuntime } from './installed-plugin.js';
import { PluginNews } from './plugin-news.js';
import { PluginTable } from './plugin-table.js';
import type { Plugins, PluginView, Requester } from './plugins-api.js';
import { Serial } from './serial.js';
import { requireSigners } from './signed-plugin.js';

export interface PluginsParts {
  store: PackageStore;
  preparer: Preparer;
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
  readonly #news: PluginNews;
  readonly #serial = new Serial();

  constructor(parts: PluginsParts) {
    this.#parts = parts;
    this.#table = new PluginTable(parts.store);
    this.#news = new PluginNews(parts);
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
          this.#news.notBack(entry, error);
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
      const state = { config: '{}', installedAtMs: Date.now(), development: true, signedBy: [] };
      const plugin = await this.#prepare(contents, state);
      await plugin.activate();
      this.#table.admit(plugin);
      this.#news.loaded(plugin, 'directory');
      return plugin.view();
    });
  }

  async install(packageBytes: Uint8Array, by: Requester): Promise<{ plugin: PluginView; changed: boolean }> {
    const event: AuditEvent = { event: 'plugin.install', actor: by.actor };
    return denied(this.#parts.audit, event, async () => {
      const contents = await readPackage(packageBytes);
      const { id, name, version } = contents.manifest.metadata;
      event.plugin = { id, name, version };
      event.details = { digest: contents.digest };
      return this.#serial.run(id, () => this.#install(contents, packageBytes, event), by.signal);
    });
  }

  list(): PluginView[] {
    const key = ({ ref }: InstalledPlugin): string => `${ref.name}\0${ref.id}`;
    return [...this.#table.plugins.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1)).map((plugin) => plugin.view());
  }

  /** As `PluginTable.countByState`. */
  countByState(): { active: number; resting: number; failed: number } {
    return this.#table.countByState();
  }

  /** As `PluginTable.countUnsigned`. */
  countUnsigned(): number {
    return this.#table.countUnsigned();
  }

  get(idOrName: string): PluginView {
    return this.#table.find(idOrName).view();
  }

  activate(idOrName: string, config: string | undefined, by: Requester): Promise<PluginView> {
    return this.#change(idOrName, by, async (plugin) => {
      const next = config === undefined ? plugin.config : checkConfig(config);
      const details = { digest: plugin.digest, config_sha256: await sha256(Buffer.from(next)) };
      const event = about(plugin, 'plugin.activate', by.actor, details);
      await denied(this.#parts.audit, event, async () => plugin.requireTrust());
      return audited(this.#parts.audit, event, async () => {
        const wasActive = plugin.active;
        if (next === plugin.config) await plugin.activate();
        else await this.#reconfigure(plugin, next);
        plugin.wanted = true;
        await this.#table.save();
        if (!wasActive) this.#news.loaded(plugin, 'activation');
        this.#news.tell(plugin, 'activated');
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
        this.#news.tell(plugin, 'deactivated');
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
        this.#parts.forgotten(plugin.ref.id);
        this.#news.tell(plugin, 'uninstalled');
        return plugin.ref;
      });
    });
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
    event: AuditEvent,
  ): Promise<{ plugin: PluginView; changed: boolean }> {
    const { id, version } = contents.manifest.metadata;
    const signedBy = requireSigners(contents, this.#parts.runtime.trust);
    const keyIds = contents.signatures.map(({ keyId }) => keyId).join(' ');
    const before = this.#table.plugins.get(id);
    if (before?.digest === contents.digest) {
      if (before.development || before.signedBy.join() === signedBy.join())
        return { plugin: before.view(), changed: false };
      const resigned = { ...event, details: { ...event.details, signed_by: keyIds } };
      return audited(this.#parts.audit, resigned, () => this.#putSigners(before, { contents, bytes, signedBy }));
    }
    if (before !== undefined) refuseReplacement(before, version);
    const plugin = await this.#prepare(contents, {
      config: before?.config ?? '{}',
      installedAtMs: Date.now(),
      development: false,
      signedBy,
    });
    const details = {
      ...event.details,
      signed_by: keyIds,
      ...(before === undefined ? {} : { replaces: before.ref.version }),
    };
    return audited(this.#parts.audit, { ...event, details }, async () => {
      await this.#parts.store.put(contents, bytes);
      const replaced = await this.#table.put(plugin);
      if (replaced !== undefined) await this.#parts.store.remove(replaced);
      this.#news.tell(plugin, 'installed');
      return { plugin: plugin.view(), changed: true };
    });
  }

  /** The contents are installed; others have signed them. */
  async #putSigners(
    plugin: InstalledPlugin,
    { contents, bytes, signedBy }: { contents: PackageContents; bytes: Uint8Array; signedBy: readonly string[] },
  ): Promise<{ plugin: PluginView; changed: boolean }> {
    await this.#parts.store.put(contents, bytes);
    const { signedBy: before } = plugin;
    plugin.signedBy = signedBy;
    await this.#table.save().catch((error: unknown) => {
      plugin.signedBy = before;
      throw error;
    });
    this.#news.tell(plugin, 'signed anew');
    return { plugin: plugin.view(), changed: true };
  }

  async #reopen(entry: IndexEntry): Promise<InstalledPlugin> {
    const stored = await this.#parts.store.open(entry.digest);
    const prepared = await this.#parts.preparer.prepare(stored);
    const { manifest, digest } = stored;
    const { config, installedAtMs, signedBy: signers } = entry;
    const parts = { manifest, digest, prepared, config, installedAtMs, development: false, signedBy: signers };
    return new InstalledPlugin(parts, this.#parts.runtime);
  }

  #backIntoService(entry: IndexEntry, plugin: InstalledPlugin): void {
    this.#table.admit(plugin);
    plugin.wanted = entry.active;
    if (!entry.active) return;
    try {
      plugin.requireTrust();
      plugin.enlist();
      if (plugin.unsigned) this.#news.tell(plugin, 'active');
    } catch (error) {
      return this.#news.notBack(entry, error);
    }
    this.#news.loaded(plugin, 'start');
    if (plugin.view().stateful) plugin.warmUp().catch((error: unknown) => this.#news.notStarted(plugin, error));
  }

  async #prepare(
    contents: PackageContents,
    state: { config: string; installedAtMs: number; development: boolean; signedBy: readonly string[] },
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
