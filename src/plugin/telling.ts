import type { Log } from '../observe/log.js';
import type { IndexEntry } from '../package/store.js';
import { type Audit, SERVER_ACTOR } from '../sandbox/audit/audit-event.js';
import { permissionText } from '../sandbox/permission-text.js';
import { about, refusalOf } from './audited.js';
import type { InstalledPlugin } from './installed-plugin.js';

/** What the log and the audit log are told of plugins, besides the changes that somebody asked for. */
export class Telling {
  readonly #log: Log;
  readonly #audit: Audit;

  constructor({ log, audit }: { log: Log; audit: Audit }) {
    this.#log = log;
    this.#audit = audit;
  }

  /** A change has happened. */
  done(plugin: InstalledPlugin, what: string): void {
    this.#log.info({ ...fieldsOf(plugin), digest: plugin.digest }, `plugin ${what}`);
  }

  /** @param why how the plugin came into service */
  loaded(plugin: InstalledPlugin, why: 'activation' | 'directory' | 'start'): void {
    this.#audit.note(about(plugin, 'plugin.load', SERVER_ACTOR, { digest: plugin.digest, why }));
  }

  notBack({ id, version }: IndexEntry, error: unknown): void {
    this.#log.error({ pluginId: id, version, err: error }, 'a plugin could not be brought back');
    const details = { of: 'plugin.load', ...refusalOf(error) };
    this.#audit.note({ event: 'denial', actor: SERVER_ACTOR, plugin: { id, name: '', version }, details });
  }

  notStarted(plugin: InstalledPlugin, error: unknown): void {
    this.#log.error({ ...fieldsOf(plugin), err: error }, 'a plugin could not be started; its next call tries again');
  }

  /** A plugin that was brought back, or comes from a directory, asks for what nobody has decided about. */
  undecided(plugin: InstalledPlugin): void {
    const permissions = plugin.grants.undecided.map(permissionText);
    if (permissions.length === 0) return;
    this.#log.warn(
      { ...fieldsOf(plugin), permissions },
      'nobody has decided about permissions that a plugin asks for: it runs without them',
    );
  }
}

function fieldsOf({ ref: { id, name, version } }: InstalledPlugin): object {
  return { plugin: name, pluginId: id, version };
}
