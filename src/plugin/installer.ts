import type { PackageContents } from '../package/contents.js';
import type { AuditEvent } from '../sandbox/audit/audit-event.js';
import type { Decisions } from '../sandbox/decisions.js';
import { audited } from './audited.js';
import { preparePlugin } from './bring-back.js';
import { checkDependents, resolve } from './dependencies.js';
import { decisionDetails, regrant, requireDecided } from './granting.js';
import { type InstalledPlugin, nodeOf } from './installed-plugin.js';
import type { Journal } from './journal.js';
import { PluginGrants } from './plugin-grants.js';
import type { PluginTable } from './plugin-table.js';
import type { PluginsParts } from './plugins.js';
import type { Installed, InstallOrder } from './plugins-api.js';
import { active, refuseSameVersion } from './refusals.js';
import { requireSigners } from './signed-plugin.js';

/** A package that was read, and what is to be done with it. */
export interface Installation {
  contents: PackageContents;
  bytes: Uint8Array;
  order: InstallOrder;
  /** What the audit log is told of it. */
  event: AuditEvent;
}

/** What is judged of a package, in order, and what is kept of it. Called in the plugin's turn. */
export class Installer {
  readonly #parts: PluginsParts;
  readonly #table: PluginTable;
  readonly #journal: Journal;

  constructor(parts: PluginsParts, table: PluginTable, journal: Journal) {
    this.#parts = parts;
    this.#table = table;
    this.#journal = journal;
  }

  async install({ contents, bytes, order: { dryRun, decisions }, event }: Installation): Promise<Installed> {
    const { manifest } = contents;
    const { store, runtime, audit } = this.#parts;
    const signedBy = requireSigners(contents, runtime.trust);
    const signed = { ...event.details, signed_by: contents.signatures.map(({ keyId }) => keyId).join(' ') };
    const before = this.#table.plugins.get(manifest.metadata.id);
    if (before?.digest === contents.digest) {
      const resigned = !before.development && before.signedBy.join() !== signedBy.join();
      if (dryRun) return this.#view(before, resigned);
      if (resigned) {
        const putSigners = () => this.#putSigners(before, { contents, bytes, signedBy });
        await audited(audit, { ...event, details: signed }, putSigners);
      }
      await this.regrant(before, decisions, event.actor);
      return this.#view(before, resigned);
    }
    const grants = this.#judge(contents, before, decisions);
    const preparer = dryRun ? this.#parts.dryPreparer : this.#parts.preparer;
    const plugin = await preparePlugin({ runtime, preparer }, contents, {
      files: store.filesOf(contents),
      config: before?.config ?? '{}',
      installedAtMs: Date.now(),
      development: false,
      signedBy,
      grants,
    });
    if (dryRun) return this.#view(plugin, true);
    const replaces = before === undefined ? {} : { replaces: before.ref.version };
    const details = { ...signed, ...replaces, ...decisionDetails(grants) };
    return audited(audit, { ...event, details }, () => this.#put(plugin, contents, bytes));
  }

  /** Decides anew about the permissions of an installed plugin. Errors as `regrant`. */
  async regrant(plugin: InstalledPlugin, decisions: Decisions, actor: string): Promise<void> {
    const { audit, drainMs } = this.#parts;
    const save = (): Promise<void> => this.#table.save();
    if (await regrant(plugin, decisions, { save, drainMs, audit, actor })) this.#journal.tell(plugin, 'granted anew');
  }

  /** What a package must be to take its place beside the others, or that of another version; returns its grants. */
  #judge({ manifest }: PackageContents, before: InstalledPlugin | undefined, decisions: Decisions): PluginGrants {
    const { version } = manifest.metadata;
    if (before !== undefined) refuseSameVersion(before, version);
    const node = nodeOf(manifest);
    resolve(node, this.#table.graph(node));
    checkDependents(node, this.#table.graph());
    const { configured } = this.#parts.runtime;
    const grants = PluginGrants.of(manifest, before?.grants.stored ?? {}, configured).with(decisions);
    requireDecided(manifest, grants);
    if (before?.active) throw active(before, `installing ${version}`);
    return grants;
  }

  async #put(plugin: InstalledPlugin, contents: PackageContents, bytes: Uint8Array): Promise<Installed> {
    const { store } = this.#parts;
    await store.put(contents, bytes);
    const replaced = await this.#table.put(plugin);
    if (replaced !== undefined) await store.remove(replaced);
    this.#journal.tell(plugin, 'installed');
    this.#journal.warnIfUnsigned(plugin);
    return this.#view(plugin, true);
  }

  /** The contents are installed; others have signed them. */
  async #putSigners(
    plugin: InstalledPlugin,
    { contents, bytes, signedBy }: { contents: PackageContents; bytes: Uint8Array; signedBy: readonly string[] },
  ): Promise<void> {
    await this.#parts.store.put(contents, bytes);
    const { signedBy: before } = plugin;
    plugin.signedBy = signedBy;
    await this.#table.save().catch((error: unknown) => {
      plugin.signedBy = before;
      throw error;
    });
    this.#journal.tell(plugin, 'signed anew');
  }

  #view(plugin: InstalledPlugin, changed: boolean): Installed {
    return { plugin: this.#table.view(plugin), changed, permissions: plugin.permissions().permissions };
  }
}
