import { HostError } from '../errors.js';
import { quote } from '../package/paths.js';
import { Semaphore } from '../prepare/semaphore.js';
import type { InstalledPlugin } from './installed-plugin.js';
import type { PluginTable } from './plugin-table.js';

/** Reads files of installed packages, one at a time: a package is in memory while a file of it is unpacked. */
export class PluginFileReader {
  readonly #table: PluginTable;
  readonly #reads = new Semaphore(1);

  constructor(table: PluginTable) {
    this.#table = table;
  }

  /**
   * One of the files that the plugin's view lists, by its path in the package.
   * @throws HostError PLUGIN_NOT_FOUND, PLUGIN_AMBIGUOUS, FILE_NOT_FOUND
   */
  async read(idOrName: string, path: string): Promise<Uint8Array> {
    const { id } = this.#table.find(idOrName).ref;
    return this.#reads.run(async () => {
      const plugin = this.#table.find(id);
      if (!plugin.view().files.some((file) => file.path === path)) throw withoutFile(plugin, path);
      try {
        return (await plugin.files.read([path])).get(path) as Uint8Array;
      } catch (error) {
        // Its package goes with it, though it is being read.
        if (this.#table.plugins.get(id) !== plugin) throw replaced(plugin);
        throw error;
      }
    });
  }
}

function withoutFile({ ref }: InstalledPlugin, path: string): HostError {
  return new HostError(
    'FILE_NOT_FOUND',
    `${ref.name} ${ref.version} has no README, licence, icon, example or asset at ${quote(path)}`,
  );
}

function replaced({ ref }: InstalledPlugin): HostError {
  return new HostError(
    'PLUGIN_NOT_FOUND',
    `${ref.name} ${ref.version} was removed or replaced while the file was read; ask again`,
  );
}
