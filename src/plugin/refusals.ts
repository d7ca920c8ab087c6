import { HostError } from '../errors.js';
import type { InstalledPlugin } from './installed-plugin.js';

/** @throws HostError PLUGIN_EXISTS where the version is installed; its contents are others */
export function refuseSameVersion(before: InstalledPlugin, version: string): void {
  if (before.ref.version !== version) return;
  throw new HostError(
    'PLUGIN_EXISTS',
    `${before.ref.name} ${version} is installed with other contents (${before.digest.slice(0, 12)}…); raise the version, or uninstall it first`,
  );
}

/** @param before what cannot be done to a plugin that is in service */
export function active(plugin: InstalledPlugin, before: string): HostError {
  return new HostError(
    'PLUGIN_ACTIVE',
    `${plugin.ref.name} ${plugin.ref.version} is active; deactivate it before ${before}`,
  );
}
