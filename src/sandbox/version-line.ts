/**
 * The line of versions that an operator's decisions are kept for: "1" for 1.x.y, "0.3" for 0.3.x, since before 1.0 the second
 * number is the one that says how much has changed.
 * @param version as of semver.org
 */
export function versionLine(version: string): string {
  const [major = '0', minor = '0'] = version.split('.');
  return major === '0' ? `0.${minor}` : major;
}
