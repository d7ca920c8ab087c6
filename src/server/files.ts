import { existsSync, realpathSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { HostError } from '../errors.js';
import type { FileStore } from '../host/files/backend.js';
import { HandleNumbers } from '../host/files/open-handles.js';
import { DESCRIPTORS } from '../host/files/open-root.js';
import { type MappedRoot, PluginRoots, scratchOf } from '../host/files/plugin-roots.js';
import { ThreadFiles } from '../host/files/thread-files.js';
import type { Log } from '../observe/log.js';

export interface FilesParts {
  roots: readonly MappedRoot[];
  dataDir: string;
  scratch: string;
  log: Log;
}

/** What plugins see of this machine's files. */
export class ServerFiles {
  readonly handles = new HandleNumbers();
  readonly #parts: FilesParts;
  readonly #store: ThreadFiles | undefined;

  /** @throws HostError CONFIG_INVALID for a root that would open the server's own data */
  constructor(parts: FilesParts) {
    const { roots, dataDir, log } = parts;
    for (const { directory } of roots) requireApart(directory, dataDir);
    this.#parts = parts;
    for (const root of roots) void warnIfMissing(root, log);
    if (existsSync(DESCRIPTORS))
      this.#store = new ThreadFiles({ own: dataDir }, (detail) => log.error({ detail }, 'files of plugins failed'));
    else if (roots.length > 0)
      log.warn('this system has no /proc/self/fd, by which plugins are kept inside their roots: files are not served');
  }

  rootsOf(pluginId: string): PluginRoots {
    return new PluginRoots(pluginId, this.#parts.roots, this.#parts.scratch);
  }

  /** For a plugin's calls. */
  partsOf(pluginId: string): { store: FileStore | undefined; roots: PluginRoots; handles: HandleNumbers } {
    return { store: this.#store, roots: this.rootsOf(pluginId), handles: this.handles };
  }

  /** Removes what an uninstalled plugin kept. Where that fails, the next start does it. */
  async forget(pluginId: string): Promise<void> {
    const { root } = scratchOf(pluginId, this.#parts.scratch);
    if (this.#store === undefined || !existsSync(root.directory)) return;
    await this.#store.removeScratch(root).catch((error: unknown) => {
      const message = 'the scratch directory of a plugin could not be removed; the next start tries again';
      this.#parts.log.error({ pluginId, err: error }, message);
    });
  }

  /** Removes what belongs to plugins that are no more. */
  async dropOrphans(known: (pluginId: string) => boolean): Promise<void> {
    const ids = await readdir(this.#parts.scratch).catch(() => []);
    for (const pluginId of ids.filter((id) => !known(id))) {
      this.#parts.log.warn({ pluginId }, 'the scratch directory of a plugin that is not installed is removed');
      await this.forget(pluginId);
    }
  }

  async close(): Promise<void> {
    await this.#store?.end();
  }
}

/** Plugins find it once it is there. */
async function warnIfMissing({ path, directory }: MappedRoot, log: Log): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory()) return;
  log.warn({ path, directory }, 'a directory that is mapped for plugins is not there');
}

/** A guest with files of the data directory could decide what it may do. */
function requireApart(directory: string, dataDir: string): void {
  const isWithin = (inner: string, outer: string): boolean => {
    const way = relative(placeOf(outer), placeOf(inner));
    return way !== '..' && !way.startsWith(`..${sep}`);
  };
  if (!isWithin(directory, dataDir) && !isWithin(dataDir, directory)) return;
  throw new HostError(
    'CONFIG_INVALID',
    `roots: expected directories apart from the data directory, found ${directory}, which has it inside or is inside it`,
  );
}

/** Where a path leads, as far as there is something yet. */
function placeOf(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const above = dirname(absolute);
    return above === absolute ? absolute : join(placeOf(above), basename(absolute));
  }
}
