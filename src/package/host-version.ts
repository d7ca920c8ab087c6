/** The version of the server that a package asks for. */

import semver from 'semver';
import { HostError } from '../errors.js';
import type { Manifest } from './manifest.js';

/** @throws HostError MANIFEST_INVALID where the plugin asks for a newer server */
export function checkHostVersion(manifest: Manifest, hostVersion: string): void {
  const least = manifest.metadata.requirements.min_hal9_version;
  if (semver.gte(hostVersion, least)) return;
  throw new HostError(
    'MANIFEST_INVALID',
    `manifest.json: metadata.requirements.min_hal9_version: expected at most ${hostVersion}, the version of this server, found ${least}`,
  );
}
