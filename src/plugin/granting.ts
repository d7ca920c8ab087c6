import { HostError } from '../errors.js';
import type { Manifest } from '../package/manifest.js';
import type { Decisions } from '../sandbox/decisions.js';
import { permissionJson } from '../sandbox/permission-parts.js';
import { permissionText, permissionWord } from '../sandbox/permission-text.js';
import type { InstalledPlugin } from './installed-plugin.js';
import type { PluginGrants } from './plugin-grants.js';

/**
 * Nothing is installed about whose permissions nobody has decided.
 * @throws HostError PERMISSION_UNDECIDED; `details.added` is a JSON array of the permissions
 */
export function requireDecided({ metadata }: Manifest, grants: PluginGrants): void {
  const open = grants.undecided;
  if (open.length === 0) return;
  const { name, version } = metadata;
  const shown = open.map(permissionText).join(', ');
  const options = open.map((permission) => `--grant ${permissionWord(permission)}`).join(' ');
  throw new HostError(
    'PERMISSION_UNDECIDED',
    `${name} ${version} asks for permissions that nobody has decided about: ${shown}; to grant them: ` +
      `hal9 plugin install PACKAGE ${options} (--deny instead of --grant refuses one; see also --grant-all, --deny-all)`,
    { details: { added: `[${open.map(permissionJson).join(',')}]` } },
  );
}

/**
 * Decides anew about an installed plugin. Where what it may do changes, its instances end before the decision is kept, and start
 * afresh after: none of them outlives what it was granted. A plugin that does not start with the new grants stays out of service;
 * the decision holds all the same.
 *
 * @returns whether anything was decided
 * @throws HostError REQUEST_INVALID, and what saving throws: then all is as before; PLUGIN_LOAD_FAILED, CAPACITY
 */
export async function regrant(
  plugin: InstalledPlugin,
  decisions: Decisions,
  { save, drainMs }: { save: () => Promise<void>; drainMs: number },
): Promise<boolean> {
  const [before, after] = [plugin.grants, plugin.grants.with(decisions)];
  if (JSON.stringify(after.stored) === JSON.stringify(before.stored)) return false;
  const restarts = plugin.active && after.fingerprint !== before.fingerprint;
  if (restarts) await plugin.deactivate(drainMs);
  plugin.grants = after;
  try {
    await save();
  } catch (error) {
    plugin.grants = before;
    if (restarts) await plugin.activate();
    throw error;
  }
  if (restarts) await plugin.activate();
  return true;
}

/** Ends a plugin's instances, and starts it again, so that it has the grants of now. */
export async function restarted(plugin: InstalledPlugin, drainMs: number): Promise<void> {
  if (!plugin.active) return;
  await plugin.deactivate(drainMs);
  await plugin.activate();
}
