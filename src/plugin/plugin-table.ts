import type { IndexEntry, PackageStore } from '../package/store.js';
import type { Graph, GraphPlugin } from './dependencies.js';
import type { InstalledPlugin } from './installed-plugin.js';
import { lookUp } from './lookup.js';
import type { PluginView, UsageOf } from './plugins-api.js';

/**
 * The plugins that are installed, in memory and in the index on disk. A change is on the disk once its method has returned; one that
 * cannot be written has not happened.
 */
export class PluginTable {
  readonly #store: Pick<PackageStore, 'writeIndex'>;
  readonly #plugins = new Map<string, InstalledPlugin>();
  /** What could not be brought back stays in the index: a later version of the server may. */
  readonly #unopened = new Map<string, IndexEntry>();

  constructor(store: Pick<PackageStore, 'writeIndex'>) {
    this.#store = store;
  }

  /** By id. */
  get plugins(): ReadonlyMap<string, InstalledPlugin> {
    return this.#plugins;
  }

  /** Errors as `lookUp`. */
  find(idOrName: string): InstalledPlugin {
    return lookUp(this.#plugins, idOrName);
  }

  /** Who depends on whom, as it is now, or as it would be with another plugin in its place. */
  graph(instead?: GraphPlugin): Graph {
    const nodes = new Map([...this.#plugins.values()].map((plugin) => [plugin.ref.id, plugin.node]));
    return instead === undefined ? nodes : nodes.set(instead.id, instead);
  }

  view(plugin: InstalledPlugin): PluginView {
    const dependencies = plugin.node.dependencies.map(({ pluginId, range: versionRange, optional }) => ({
      pluginId,
      versionRange,
      optional,
      installedVersion: this.#plugins.get(pluginId)?.ref.version ?? '',
    }));
    return { ...plugin.view(), dependencies };
  }

  /** Of one plugin, or of all that are in service. Errors as `lookUp`. */
  usage(idOrName?: string): Promise<UsageOf[]> {
    const all = [...this.#plugins.values()].filter(({ active }) => active);
    const plugins = idOrName === undefined ? all : [this.find(idOrName)];
    return Promise.all(plugins.map(async (plugin) => ({ plugin: plugin.ref, limits: await plugin.usage() })));
  }

  /** Whether there is such a plugin, or one that could not be brought back. */
  knows(id: string): boolean {
    return this.#plugins.has(id) || this.#unopened.has(id);
  }

  /** What was in the index at the start, or what is not kept there. */
  admit(plugin: InstalledPlugin): void {
    this.#plugins.set(plugin.ref.id, plugin);
  }

  /** An entry of the index that could not be brought back. */
  leaveUnopened(entry: IndexEntry): void {
    this.#unopened.set(entry.id, entry);
  }

  /** The plugin takes the place of what has its id. Returns the digest of a package that nobody needs any more. */
  async put(plugin: InstalledPlugin): Promise<string | undefined> {
    const { id } = plugin.ref;
    const [before, unopened] = [this.#plugins.get(id), this.#unopened.get(id)];
    this.#unopened.delete(id);
    this.#plugins.set(id, plugin);
    try {
      await this.save();
    } catch (error) {
      if (unopened !== undefined) this.#unopened.set(id, unopened);
      if (before === undefined) this.#plugins.delete(id);
      else this.#plugins.set(id, before);
      throw error;
    }
    const replaced = before?.digest ?? unopened?.digest;
    return replaced === plugin.digest ? undefined : replaced;
  }

  async remove(plugin: InstalledPlugin): Promise<void> {
    this.#plugins.delete(plugin.ref.id);
    try {
      await this.save();
    } catch (error) {
      this.#plugins.set(plugin.ref.id, plugin);
      throw error;
    }
  }

  /** Writes the index as the plugins are now. */
  save(): Promise<void> {
    const entries = [...this.#plugins.values()]
      .filter((plugin) => !plugin.development)
      .map((plugin) => plugin.indexEntry());
    return this.#store.writeIndex([...entries, ...this.#unopened.values()]);
  }

  /** Which prepared modules are needed; undefined where that is not known of all plugins. */
  preparedKeys(): ReadonlySet<string> | undefined {
    if (this.#unopened.size > 0) return undefined;
    return new Set([...this.#plugins.values()].map(({ preparedKey }) => preparedKey));
  }

  /** How many there are, by state; `failed` are wanted in service and not there. */
  countByState(): { active: number; resting: number; failed: number } {
    const count = { active: 0, resting: 0, failed: 0 };
    for (const { active, wanted } of this.#plugins.values()) count[active ? 'active' : wanted ? 'failed' : 'resting']++;
    for (const entry of this.#unopened.values()) count[entry.active ? 'failed' : 'resting']++;
    return count;
  }

  /** How many there are that nobody whom the operator trusts has signed. */
  countUnsigned(): number {
    return [...this.#plugins.values()].filter(({ unsigned }) => unsigned).length;
  }
}
