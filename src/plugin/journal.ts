import type { Log } from '../observe/log.js';
import { type Audit, SERVER_ACTOR } from '../sandbox/audit/audit-event.js';
import { permissionText } from '../sandbox/permission-text.js';
import { effective } from '../sandbox/permitted.js';
import { about, decisionDetails, refusalOf } from './audited.js';
import type { InstalledPlugin } from './installed-plugin.js';

/** Where it is told what has become of plugins: the server's log and, for what nobody asked for, the audit log. */
export class Journal {
  readonly #log: Log;
  readonly #audit: Audit;

  constructor({ log, audit }: { log: Log; audit: Audit }) {
    this.#log = log;
    this.#audit = audit;
  }

  /** @param what as in `plugin installed` */
  tell({ ref, digest }: InstalledPlugin, what: string): void {
    const { name, id, version } = ref;
    this.#log.info({ plugin: name, pluginId: id, version, digest }, `plugin ${what}`);
  }

  /** Development mode is loud: whatever comes in unsigned, or runs so, is told. */
  warnIfUnsigned({ ref, digest, unsigned, development }: InstalledPlugin): void {
    if (!unsigned || development) return;
    const { name, id, version } = ref;
    this.#log.warn(
      { plugin: name, pluginId: id, version, digest, unsigned },
      'an UNSIGNED plugin: nobody whom you trust has signed it',
    );
  }

  /** @param why how the plugin came into service */
  loaded(plugin: InstalledPlugin, why: 'activation' | 'directory' | 'start'): void {
    // The configuration has a say in what it may do, and may have changed while the server was down.
    const details = { digest: plugin.digest, why, ...decisionDetails(plugin.grants) };
    this.#audit.note(about(plugin, 'plugin.load', SERVER_ACTOR, details));
    this.warnIfUnsigned(plugin);
    this.#warnOfNoRoot(plugin);
  }

  #warnOfNoRoot({ ref: { name, id, version }, grants, roots }: InstalledPlugin): void {
    const permissions = roots.withoutRoot(effective(grants.sheet)).map(permissionText);
    if (permissions.length === 0) return;
    this.#log.warn(
      { plugin: name, pluginId: id, version, permissions },
      'a plugin was granted files below which no directory is mapped: it does not find them',
    );
  }

  /** The server keeps it out of service of its own accord. */
  notBack({ id, name = '', version }: { id: string; name?: string; version: string }, error: unknown): void {
    this.#log.error({ pluginId: id, version, err: error }, 'a plugin could not be brought back');
    const plugin = { id, name, version };
    this.#audit.note({ event: 'plugin.quarantine', actor: SERVER_ACTOR, plugin, details: refusalOf(error) });
  }

  notStarted({ ref }: InstalledPlugin, error: unknown): void {
    this.#log.error(
      { plugin: ref.name, pluginId: ref.id, err: error },
      'a plugin could not be started; its next call tries again',
    );
  }

  /** A plugin that was brought back, or comes from a directory, asks for what nobody has decided about. */
  undecided({ ref, grants }: InstalledPlugin): void {
    const permissions = grants.undecided.map(permissionText);
    if (permissions.length === 0) return;
    const { name, id, version } = ref;
    this.#log.warn(
      { plugin: name, pluginId: id, version, permissions },
      'nobody has decided about permissions that a plugin asks for: it runs without them',
    );
  }

  /** What the configuration grants and denies has changed, and a plugin did not start with it. */
  notRegranted({ ref }: InstalledPlugin, error: unknown): void {
    this.#log.error(
      { plugin: ref.name, pluginId: ref.id, err: error },
      'a plugin could not be started with other grants',
    );
  }
}
