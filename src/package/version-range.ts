/** Versions and ranges, by the rules of semver.org and of npm's `semver`, which a manifest is validated with. */

import semver from 'semver';

/**
 * Whether a version is in a range. A prerelease is in it only where the range itself names a prerelease of the same
 * major, minor and patch: `^1.2.0` does not take 1.3.0-beta.1, `>=1.3.0-alpha` does.
 */
export function inRange(version: string, range: string): boolean {
  return semver.satisfies(version, range);
}
