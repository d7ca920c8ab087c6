import { HostError } from '../errors.js';
import type { InstalledPlugin } from './installed-plugin.js';

/** What may not take the place of what is installed. */
export function refuseReplacement(before: InstalledPlugin, version: string): void {
  if (before.ref.version === version) {
    throw new HostError(
      'PLUGIN_EXISTS',
      `${before.ref.name} ${version} is installed with other contents (${before.digest.slice(0, 12)}…); raise the version, or uninstall it first`,
    );
  }
  if (before.active) throw active(before, `installing ${version}`);
}

/** A plugin that is in service, where it must not be. */
export function active(plugin: InstalledPlugin, before: string): HostError {
  return new HostError(
    'PLUGIN_ACTIVE',
    `${plugin.ref.name} ${plugin.ref.version} is active; deactivate it before ${before}`,
  );
}
