import { MANIFEST_LIMITS } from '../limits.js';
import type { Use } from '../sandbox/guest-grants.js';
import { permissionJson } from '../sandbox/permission-parts.js';
import type { PermissionUse } from './plugins-api.js';

/** Of one plugin: what it may ask for, and as much again of what it tries without. Names in there can be the guest's. */
const MAX_PERMISSIONS = 2 * MANIFEST_LIMITS.maxPermissions;

/** What plugins have tried since the server started, by plugin and permission. */
export class PermissionUses {
  readonly #byPlugin = new Map<string, Map<string, PermissionUse>>();

  record(pluginId: string, uses: readonly Use[]): void {
    const known = this.#byPlugin.get(pluginId) ?? new Map<string, PermissionUse>();
    this.#byPlugin.set(pluginId, known);
    for (const { permission, permitted, count } of uses) {
      const key = permissionJson(permission);
      if (!known.has(key) && known.size >= MAX_PERMISSIONS) continue;
      const { allowed, refused } = known.get(key) ?? { allowed: 0, refused: 0 };
      known.set(key, {
        permission: key,
        allowed: allowed + (permitted ? count : 0),
        refused: refused + (permitted ? 0 : count),
      });
    }
  }

  /** By permission. */
  of(pluginId: string): PermissionUse[] {
    const uses = [...(this.#byPlugin.get(pluginId)?.values() ?? [])];
    return uses.sort((a, b) => (a.permission < b.permission ? -1 : 1));
  }

  forget(pluginId: string): void {
    this.#byPlugin.delete(pluginId);
  }
}
