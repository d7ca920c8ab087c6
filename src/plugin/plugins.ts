import type { GrantRules } from '../config/grants.js';
import { onlyUntilRestart } from '../package/data-file.js';
import { readPackage } from '../package/read.js';
import { sha256 } from '../package/signature/statement.js';
import type { AuditEvent } from '../sandbox/audit/audit-event.js';
import type { Decisions } from '../sandbox/decisions.js';
import { about, audited, auditedAnyway, decisionDetails, denied } from './audited.js';
import { bringBack } from './bring-back.js';
import { dependentsOf, reach } from './dependencies.js';
import { refOf } from './dependency-chain.js';
import { changedBy, regrant, restarted } from './granting.js';
import { nodeOf } from './graph-node.js';
import { inUse, startInOrder, stopAll, stopOrder, usersOf } from './in-order.js';
import { install, isActive } from './install.js';
import type { InstalledPlugin } from './installed-plugin.js';
import { Journal } from './journal.js';
import { checkConfig, reconfigure } from './plugin-config.js';
import { PluginFileReader } from './plugin-files.js';
import { PluginTable } from './plugin-table.js';
import type {
  Changed,
  GrantsOf,
  Installed,
  InstallOrder,
  Plugins,
  PluginView,
  Requester,
  UsageOf,
} from './plugins-api.js';
import type { PluginsParts } from './plugins-parts.js';
import { Serial } from './serial.js';

/**
 * The plugins of this server. What changes them happens one after the other; the index on disk is written before a change
 * is visible, so that a crash leaves the old state or the new one.
 */
export class InstalledPlugins implements Plugins {
  readonly #parts: PluginsParts;
  readonly #table: PluginTable;
  readonly #journal: Journal;
  readonly #files: PluginFileReader;
  readonly #serial = new Serial();

  constructor(parts: PluginsParts) {
    this.#parts = parts;
    this.#journal = new Journal(parts);
    this.#table = new PluginTable(parts.store);
    this.#files = new PluginFileReader(this.#table);
  }

  get #all(): PluginsParts & { table: PluginTable; journal: Journal } {
    return { ...this.#parts, table: this.#table, journal: this.#journal };
  }

  /** As `bringBack`. Returns the plugins from directories. */
  async open(directories: readonly string[] = []): Promise<PluginView[]> {
    await bringBack(this.#all, directories);
    return this.list().filter(({ development }) => development);
  }

  async install(packageBytes: Uint8Array, order: InstallOrder, by: Requester): Promise<Installed> {
    const event: AuditEvent = { event: 'plugin.install', actor: by.actor };
    const judged = async (): Promise<Installed> => {
      const contents = await readPackage(packageBytes);
      const { id, name, version } = contents.manifest.metadata;
      event.plugin = { id, name, version };
      event.details = { digest: contents.digest };
      const node = nodeOf(contents.manifest);
      const needed = (): ReadonlySet<string> => reach(id, this.#table.graph(node), 'dependencies');
      const inTurn = () => install(this.#all, { bytes: packageBytes, contents, order }, event);
      const { plugin, changed } = await this.#serial.runAll(needed, inTurn, by.signal);
      return { plugin: this.#table.view(plugin), changed, permissions: plugin.permissions().permissions };
    };
    // What is only looked at leaves no trace.
    return order.dryRun ? judged() : denied(this.#parts.audit, event, judged);
  }

  list(): PluginView[] {
    const key = ({ ref }: InstalledPlugin): string => `${ref.name}\0${ref.id}`;
    return [...this.#table.plugins.values()]
      .sort((a, b) => (key(a) < key(b) ? -1 : 1))
      .map((plugin) => this.#table.view(plugin));
  }

  /** As `PluginTable.preparedKeys`. */
  preparedKeys(): ReadonlySet<string> | undefined {
    return this.#table.preparedKeys();
  }

  /** Whether a plugin of this id is installed, or was and could not be brought back. */
  knows(id: string): boolean {
    return this.#table.knows(id);
  }

  /** How many there are. */
  get counts(): Pick<PluginTable, 'countByState' | 'countUnsigned'> {
    return this.#table;
  }

  get(idOrName: string): PluginView {
    return this.#table.view(this.#table.find(idOrName));
  }

  /** As `PluginFileReader.read`. */
  readFile(idOrName: string, path: string): Promise<Uint8Array> {
    return this.#files.read(idOrName, path);
  }

  activate(idOrName: string, config: string | undefined, by: Requester): Promise<Changed> {
    return this.#change(idOrName, 'dependencies', by, async (plugin) => {
      const next = config === undefined ? plugin.config : checkConfig(config);
      const others = await startInOrder(plugin, this.#table, {
        start: (needed) => this.#activating(needed, needed.config, by, () => needed.activate()),
        begin: (started) => this.#activating(plugin, next, by, () => this.#begin(plugin, next, started)),
        stop: (started) => this.#deactivating(started, by, () => started.deactivate(this.#parts.drainMs)),
      });
      return { plugin: this.#table.view(plugin), others: others.map(({ ref }) => ref) };
    });
  }

  deactivate(idOrName: string, force: boolean, by: Requester): Promise<Changed> {
    return this.#change(idOrName, 'dependents', by, async (plugin) => {
      const users = usersOf(plugin, this.#table, force);
      await this.#takeOut(plugin, users, by);
      return { plugin: this.#table.view(plugin), others: users.map(({ ref }) => ref) };
    });
  }

  uninstall(idOrName: string, force: boolean, by: Requester): Promise<PluginView['ref']> {
    return this.#change(idOrName, 'dependents', by, async (plugin) => {
      const dependents = dependentsOf(plugin.ref.id, this.#table.graph()).map(({ id }) => this.#table.find(id));
      if (!force && dependents.length > 0) throw inUse(plugin, 'installed plugins need it', dependents);
      if (!force && plugin.active) throw isActive(plugin, 'uninstalling it');
      const users = plugin.active ? usersOf(plugin, this.#table, force) : [];
      for (const each of plugin.active ? [...users, plugin] : []) {
        await this.#deactivating(each, by, () => each.deactivate(this.#parts.drainMs));
      }
      const event = about(plugin, 'plugin.uninstall', by.actor, { digest: plugin.digest });
      return auditedAnyway(this.#parts.audit, event, async () => {
        // One write of the index: after a crash it is there, in service, or gone.
        await this.#keep(users, false, 'deactivated', () => this.#table.remove(plugin));
        if (!plugin.development) await this.#parts.store.remove(plugin.digest);
        this.#parts.runtime.uses.forget(plugin.ref.id);
        await this.#parts.forgotten(plugin.ref.id);
        this.#journal.tell(plugin, 'uninstalled');
        return plugin.ref;
      });
    });
  }

  permissions(idOrName: string): GrantsOf {
    return this.#table.find(idOrName).permissions();
  }

  usage(idOrName?: string): Promise<UsageOf[]> {
    return this.#table.usage(idOrName);
  }

  setGrants(idOrName: string, decisions: Decisions, by: Requester): Promise<GrantsOf> {
    return this.#change(idOrName, 'dependents', by, async (plugin) => {
      await regrant(this.#all, plugin, decisions, by.actor);
      return plugin.permissions();
    });
  }

  /** Takes over what the configuration grants and denies now. Instances of plugins that may do something else start afresh. */
  async replaceConfigured(rules: GrantRules): Promise<void> {
    const plugins = [...this.#table.plugins.values()];
    const changed = changedBy(plugins, () => this.#parts.runtime.configured.replace(rules));
    const by: Requester = { actor: 'configuration' };
    const restart = async (plugin: InstalledPlugin): Promise<void> => {
      const event = about(plugin, 'grants.change', by.actor, decisionDetails(plugin.grants));
      await this.#parts.audit.appendOrNote(event);
      await restarted(plugin, this.#parts.drainMs);
    };
    const starts = changed.map((plugin) =>
      this.#change(plugin.ref.id, 'dependents', by, restart).catch((error: unknown) =>
        this.#journal.notRegranted(plugin, error),
      ),
    );
    await Promise.all(starts);
  }

  /**
   * Takes out of service what may not run any more, by who signed it, and what needs that. A plugin on its way into service when the
   * keys change is looked at once it is there.
   *
   * @returns the ids, in the order in which they went
   * @throws the first of the errors, after all were tried
   */
  async dropUntrusted(by: Requester): Promise<string[]> {
    const dropped: string[] = [];
    const failures: unknown[] = [];
    for (const id of [...this.#table.plugins.keys()]) {
      await this.#dropUntrusted(id, by).then(
        (ids) => dropped.push(...ids),
        (error: unknown) => failures.push(error),
      );
    }
    if (failures.length > 0) throw failures[0];
    return dropped;
  }

  /**
   * Ends every instance, dependents before what they need; the index keeps what was active. When this has returned nothing is
   * written any more: what was under way has ended, what was waiting is refused.
   */
  async close(drainMs: number): Promise<void> {
    this.#parts.runtime.pool.stopRecruiting();
    const closed = this.#serial.close();
    await stopAll(stopOrder(this.#table.plugins.keys(), this.#table), drainMs, (plugin) =>
      this.#journal.tell(plugin, 'stopped'),
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

  async #dropUntrusted(id: string, by: Requester): Promise<string[]> {
    // Uninstalled in the meantime.
    if (!this.#table.plugins.has(id)) return [];
    return this.#change(id, 'dependents', by, async (plugin) => {
      if (!plugin.active || plugin.trusted) return [];
      const users = usersOf(plugin, this.#table, true);
      await this.#takeOut(plugin, users, by);
      return [...users, plugin].map(({ ref }) => ref.id);
    });
  }

  async #activating(plugin: InstalledPlugin, config: string, by: Requester, start: () => Promise<void>): Promise<void> {
    const details = { digest: plugin.digest, config_sha256: await sha256(Buffer.from(config)) };
    const event = about(plugin, 'plugin.activate', by.actor, details);
    await denied(this.#parts.audit, event, async () => plugin.requireTrust());
    await audited(this.#parts.audit, event, start);
  }

  #deactivating(plugin: InstalledPlugin, by: Requester, stop: () => Promise<void>): Promise<void> {
    return auditedAnyway(this.#parts.audit, about(plugin, 'plugin.deactivate', by.actor), stop);
  }

  /** Starts a plugin, or restarts it with another configuration, and writes down that it is in service with those it needs. */
  async #begin(plugin: InstalledPlugin, config: string, started: readonly InstalledPlugin[]): Promise<void> {
    const { active: wasActive } = plugin;
    if (config === plugin.config) await plugin.activate();
    else await reconfigure(plugin, config, this.#parts.drainMs);
    try {
      await this.#keep([...started, plugin], true, 'activated');
    } catch (error) {
      if (!wasActive) await plugin.deactivate(this.#parts.drainMs);
      throw error;
    }
    for (const each of wasActive ? started : [...started, plugin]) this.#journal.loaded(each, 'activation');
  }

  /** Takes a plugin out of service, and those that use it before, one after the other. */
  async #takeOut(plugin: InstalledPlugin, users: readonly InstalledPlugin[], by: Requester): Promise<void> {
    for (const user of users) await this.#deactivating(user, by, () => user.deactivate(this.#parts.drainMs));
    await this.#deactivating(plugin, by, async () => {
      await plugin.deactivate(this.#parts.drainMs);
      await this.#keep([...users, plugin], false, 'deactivated').catch((error: unknown) => {
        throw onlyUntilRestart(error, `${refOf(plugin.ref)} is out of service`);
      });
    });
  }

  /** Writes down whether plugins are to be in service. What cannot be written is not so. */
  async #keep(
    plugins: readonly InstalledPlugin[],
    wanted: boolean,
    what: string,
    save = () => this.#table.save(),
  ): Promise<void> {
    const before = plugins.map((plugin) => plugin.wanted);
    for (const plugin of plugins) plugin.wanted = wanted;
    try {
      await save();
    } catch (error) {
      plugins.forEach((plugin, index) => {
        plugin.wanted = before[index] ?? false;
      });
      throw error;
    }
    for (const plugin of plugins) this.#journal.tell(plugin, what);
  }
}
