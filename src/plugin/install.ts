import { HostError } from '../errors.js';
import type { PackageContents } from '../package/contents.js';
import type { AuditEvent } from '../sandbox/audit/audit-event.js';
import type { SignedPlugin } from '../sandbox/standing.js';
import type { Trust } from '../sandbox/trust.js';
import { audited, decisionDetails } from './audited.js';
import { preparePlugin } from './bring-back.js';
import { checkDependents, resolve } from './dependencies.js';
import { regrant, requireDecided } from './granting.js';
import { nodeOf } from './graph-node.js';
import type { InstalledPlugin } from './installed-plugin.js';
import type { Journal } from './journal.js';
import { PluginGrants } from './plugin-grants.js';
import type { PluginTable } from './plugin-table.js';
import type { InstallOrder } from './plugins-api.js';
import type { PluginsParts } from './plugins-parts.js';
import { requireSigners, signedPlugin } from './signed-plugin.js';

type Parts = PluginsParts & { table: PluginTable; journal: Journal };

/** What is to be installed: the package as it came, and as it was read. */
interface Arrival {
  readonly bytes: Uint8Array;
  readonly contents: PackageContents;
  readonly order: InstallOrder;
}

/**
 * Installs a package whose plugin nobody else changes meanwhile. The same contents change nothing, but for who has signed them and
 * what is decided about their permissions.
 *
 * @param event the line of the audit log, to which this adds
 * @throws HostError as `requireSigners`, `requireSuccession`, `resolve`, `checkDependents`, `preparePlugin`; PLUGIN_EXISTS, PLUGIN_ACTIVE, PERMISSION_UNDECIDED
 */
export async function install(
  parts: Parts,
  arrival: Arrival,
  event: AuditEvent,
): Promise<{ plugin: InstalledPlugin; changed: boolean }> {
  const { contents, bytes, order } = arrival;
  const { store, audit, table, journal, runtime } = parts;
  const signedBy = requireSigners(contents, runtime.trust);
  const signed = { ...event.details, signed_by: contents.signatures.map(({ keyId }) => keyId).join(' ') };
  const before = table.plugins.get(contents.manifest.metadata.id);
  // Also of the same contents: whoever signs them anew alone would be who signed what is installed.
  if (before !== undefined) requireSuccession(runtime.trust, before, signedPlugin(contents.manifest, signedBy));
  if (before?.digest === contents.digest) {
    const changed = !before.development && before.signedBy.join() !== signedBy.join();
    if (order.dryRun) {
      before.grants.with(order.decisions);
      return { plugin: before, changed };
    }
    if (changed) await audited(audit, { ...event, details: signed }, () => signAnew(parts, arrival, before, signedBy));
    await regrant(parts, before, order.decisions, event.actor);
    return { plugin: before, changed };
  }
  const grants = judge(parts, arrival, before);
  const preparer = order.dryRun ? parts.dryPreparer : parts.preparer;
  const plugin = await preparePlugin({ runtime, preparer }, contents, {
    files: store.filesOf(contents),
    config: before?.config ?? '{}',
    installedAtMs: Date.now(),
    development: false,
    signedBy,
    grants,
  });
  if (order.dryRun) return { plugin, changed: true };
  const replaces = before === undefined ? {} : { replaces: before.ref.version };
  const details = { ...signed, ...replaces, ...decisionDetails(grants) };
  return audited(audit, { ...event, details }, async () => {
    await store.put(contents, bytes);
    const replaced = await table.put(plugin);
    if (replaced !== undefined) await store.remove(replaced);
    // What another version has tried says nothing of this one.
    runtime.uses.forget(plugin.ref.id);
    journal.tell(plugin, 'installed');
    journal.warnIfUnsigned(plugin);
    return { plugin, changed: true };
  });
}

/** Whether a package may stand beside the others, or in the place of another version; returns what its plugin is granted. */
function judge(
  { table, runtime }: Parts,
  { contents: { manifest }, order }: Arrival,
  before: InstalledPlugin | undefined,
): PluginGrants {
  const { version } = manifest.metadata;
  if (before !== undefined) refuseSameVersion(before, version);
  const node = nodeOf(manifest);
  resolve(node, table.graph(node));
  checkDependents(node, table.graph());
  const grants = PluginGrants.of(manifest, before?.grants.stored ?? {}, runtime.configured).with(order.decisions);
  requireDecided(manifest, grants, before?.grants);
  // After what is asked for: an operator sees that before he takes the plugin out of service.
  if (before?.active) throw isActive(before, `installing ${version}`);
  return grants;
}

/** @throws HostError PUBLISHER_CHANGED */
function requireSuccession(trust: Trust, before: InstalledPlugin, next: SignedPlugin): void {
  const refusal = trust.succession(signedPlugin(before.manifest, before.signedBy), next);
  if (refusal !== undefined) throw refusal;
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

function refuseSameVersion(before: InstalledPlugin, version: string): void {
  if (before.ref.version !== version) return;
  throw new HostError(
    'PLUGIN_EXISTS',
    `${before.ref.name} ${version} is installed with other contents (${before.digest.slice(0, 12)}…); raise the version, or uninstall it first`,
  );
}

/** @param next what has to wait until it is out of service */
export function isActive({ ref }: InstalledPlugin, next: string): HostError {
  return new HostError('PLUGIN_ACTIVE', `${ref.name} ${ref.version} is active; deactivate it before ${next}`);
}
