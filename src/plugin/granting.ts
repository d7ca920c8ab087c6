import { HostError } from '../errors.js';
import { SERVER_LIMITS } from '../limits.js';
import { onlyUntilRestart } from '../package/data-file.js';
import type { Manifest } from '../package/manifest.js';
import type { Permission } from '../permissions.js';
import { stands } from '../protocol/defences.js';
import type { Decisions } from '../sandbox/decisions.js';
import { permissionJson } from '../sandbox/permission-parts.js';
import { holds } from '../sandbox/permitted.js';
import { undecidedMessage } from '../sandbox/undecided-message.js';
import { about, audited, auditedAnyway, decisionDetails } from './audited.js';
import { refOf } from './dependency-chain.js';
import type { InstalledPlugin } from './installed-plugin.js';
import type { Journal } from './journal.js';
import type { PluginGrants } from './plugin-grants.js';
import type { PluginTable } from './plugin-table.js';
import type { PluginsParts } from './plugins-parts.js';

type Parts = Pick<PluginsParts, 'audit' | 'drainMs'> & { table: PluginTable; journal: Journal };

/**
 * Nothing is installed about whose permissions nobody has decided.
 * @throws HostError PERMISSION_UNDECIDED; `details.added` is a JSON array of the permissions, as many as fit, `details.plugin` name
 *   and version, and where a version was installed before, `details.new` those of them that it does not have
 */
export function requireDecided({ metadata }: Manifest, grants: PluginGrants, before?: PluginGrants): void {
  const open = grants.undecided;
  if (open.length === 0 || !stands('consent')) return;
  const plugin = `${metadata.name} ${metadata.version}`;
  const isKnown = (permission: Permission): boolean => before !== undefined && holds(before.sheet, permission);
  const fresh = before && { new: fitting(open.filter((permission) => !isKnown(permission))) };
  throw new HostError('PERMISSION_UNDECIDED', undecidedMessage(plugin, open, 'hal9 plugin install PACKAGE', isKnown), {
    details: { plugin, added: fitting(open), ...fresh },
  });
}

/**
 * Decides anew about an installed plugin. Where what it may do changes, its instances end before the decision is kept, and start
 * afresh after: none of them outlives what it was granted. A plugin that does not start with the new grants stays out of service;
 * the decision holds all the same.
 *
 * @param actor who decides
 * @throws HostError REQUEST_INVALID, AUDIT_UNAVAILABLE, and what saving throws: then all is as before, but for
 *   a denial that finds the disk full, which holds until the server ends; PLUGIN_LOAD_FAILED, CAPACITY
 */
export async function regrant(
  parts: Parts,
  plugin: InstalledPlugin,
  decisions: Decisions,
  actor: string,
): Promise<void> {
  const after = plugin.grants.with(decisions);
  // Nothing is decided anew; but the disk may not have had room for it before.
  if (JSON.stringify(after.stored) === JSON.stringify(plugin.grants.stored)) return parts.table.save();
  const onlyDenies = decisions.grant.length === 0 && decisions.rest !== 'grant';
  const event = about(plugin, 'grants.change', actor, decisionDetails(after));
  await (onlyDenies ? auditedAnyway : audited)(parts.audit, event, () => apply(parts, plugin, after, onlyDenies));
  parts.journal.tell(plugin, 'granted anew');
}

/** @param holdsAnyway also where the disk is full: for as long as the server runs */
async function apply(
  { table, drainMs }: Parts,
  plugin: InstalledPlugin,
  after: PluginGrants,
  holdsAnyway: boolean,
): Promise<void> {
  const before = plugin.grants;
  const restarts = plugin.active && after.fingerprint !== before.fingerprint;
  if (restarts) await plugin.deactivate(drainMs, after);
  plugin.grants = after;
  try {
    await table.save();
  } catch (error) {
    const told = holdsAnyway ? onlyUntilRestart(error, `${refOf(plugin.ref)} may do less`) : error;
    if (told === error) plugin.grants = before;
    if (restarts) await plugin.activate();
    throw told;
  }
  if (restarts) await plugin.activate();
}

/** Those of the plugins that may do something else after the change than before. */
export function changedBy(plugins: readonly InstalledPlugin[], change: () => void): InstalledPlugin[] {
  const before = plugins.map(({ grants }) => grants.fingerprint);
  change();
  return plugins.filter(({ grants }, index) => grants.fingerprint !== before[index]);
}

/** Ends a plugin's instances, and starts it again, so that it has the grants of now. */
export async function restarted(plugin: InstalledPlugin, drainMs: number): Promise<void> {
  if (!plugin.active) return;
  await plugin.deactivate(drainMs, plugin.grants);
  await plugin.activate();
}

/** The first ones, as a JSON array that a status can carry; who has decided about those is told of the next. */
function fitting(permissions: readonly Permission[]): string {
  const texts: string[] = [];
  let length = 2;
  for (const text of permissions.map(permissionJson)) {
    length += Buffer.byteLength(text) + 1;
    if (length > SERVER_LIMITS.maxStatusDetailBytes) break;
    texts.push(text);
  }
  return `[${texts.join(',')}]`;
}
