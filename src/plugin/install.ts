import { HostError } from '../errors.js';
import type { PackageContents } from '../package/contents.js';
import type { AuditEvent } from '../sandbox/audit/audit-event.js';
import { audited } from './audited.js';
import { preparePlugin } from './bring-back.js';
import { checkDependents, resolve } from './dependencies.js';
import { type InstalledPlugin, nodeOf } from './installed-plugin.js';
import type { Journal } from './journal.js';
import type { PluginTable } from './plugin-table.js';
import type { PluginsParts } from './plugins.js';
import { requireSigners } from './signed-plugin.js';

type Parts = Pick<PluginsParts, 'store' | 'preparer' | 'runtime' | 'audit'> & { table: PluginTable; journal: Journal };

/** What is to be installed: the package as it came, and as it was read. */
interface Arrival {
  readonly bytes: Uint8Array;
  readonly contents: PackageContents;
}

/**
 * Installs a package whose plugin nobody else changes meanwhile. The same contents change nothing, but for who has signed them.
 *
 * @param event the line of the audit log, to which this adds
 * @throws HostError as `requireSigners`, `resolve`, `checkDependents`, `preparePlugin`; PLUGIN_EXISTS, PLUGIN_ACTIVE
 */
export async function install(
  parts: Parts,
  arrival: Arrival,
  event: AuditEvent,
): Promise<{ plugin: InstalledPlugin; changed: boolean }> {
  const { contents, bytes } = arrival;
  const { store, audit, table, journal } = parts;
  const { id, version } = contents.manifest.metadata;
  const signedBy = requireSigners(contents, parts.runtime.trust);
  const signed = { ...event.details, signed_by: contents.signatures.map(({ keyId }) => keyId).join(' ') };
  const before = table.plugins.get(id);
  if (before?.digest === contents.digest) {
    const changed = !before.development && before.signedBy.join() !== signedBy.join();
    if (changed) await audited(audit, { ...event, details: signed }, () => signAnew(parts, arrival, before, signedBy));
    return { plugin: before, changed };
  }
  if (before !== undefined) refuseReplacement(before, version);
  const node = nodeOf(contents.manifest);
  resolve(node, table.graph(node));
  checkDependents(node, table.graph());
  const plugin = await preparePlugin(parts, contents, {
    files: store.filesOf(contents),
    config: before?.config ?? '{}',
    installedAtMs: Date.now(),
    development: false,
    signedBy,
  });
  const details = { ...signed, ...(before === undefined ? {} : { replaces: before.ref.version }) };
  return audited(audit, { ...event, details }, async () => {
    await store.put(contents, bytes);
    const replaced = await table.put(plugin);
    if (replaced !== undefined) await store.remove(replaced);
    journal.tell(plugin, 'installed');
    journal.warnIfUnsigned(plugin);
    return { plugin, changed: true };
  });
}

/** The contents are installed; others have signed them. */
async function signAnew(
  { store, table, journal }: Parts,
  { contents, bytes }: Arrival,
  plugin: InstalledPlugin,
  signedBy: readonly string[],
): Promise<void> {
  await store.put(contents, bytes);
  const { signedBy: before } = plugin;
  plugin.signedBy = signedBy;
  await table.save().catch((error: unknown) => {
    plugin.signedBy = before;
    throw error;
  });
  journal.tell(plugin, 'signed anew');
  journal.warnIfUnsigned(plugin);
}

function refuseReplacement(before: InstalledPlugin, version: string): void {
  if (before.ref.version === version) {
    throw new HostError(
      'PLUGIN_EXISTS',
      `${before.ref.name} ${version} is installed with other contents (${before.digest.slice(0, 12)}…); raise the version, or uninstall it first`,
    );
  }
  if (before.active) throw isActive(before, `installing ${version}`);
}

/** @param next what has to wait until it is out of service */
export function isActive({ ref }: InstalledPlugin, next: string): HostError {
  return new HostError('PLUGIN_ACTIVE', `${ref.name} ${ref.version} is active; deactivate it before ${next}`);
}
