/**
 * What a contract promises, flat: one entry for each thing that somebody may depend on, with all that matters of it as text.
 * Two versions of a contract are compared entry by entry.
 */
export interface Surface {
  /** Package without its version, for instance `hal9.plugin` or `hal9:plugin`. */
  name: string;
  /** `v1`, or semver. */
  version: string;
  entries: Record<string, string>;
  /** Groups to which nothing can be added without breaking somebody: a group is the first word of an entry's key. */
  closed: string[];
}

export interface Comparison {
  /** What breaks those who were built against the baseline; empty where the version allows it. */
  breaking: string[];
  /** What the baseline does not know yet. */
  additions: string[];
}

/** The numbers that say whether a version may break: `v2` beats `v1`, 0.2.0 beats 0.1.9, 2.0.0 beats 1.9.9. */
function breakingRank(version: string): number {
  const proto = /^v(\d+)/.exec(version);
  if (proto !== null) return Number(proto[1]);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1_000_000 + (major === 0 ? minor : 0);
}

/** Compares a contract with what was promised. */
export function compareSurfaces(baseline: Surface, current: Surface): Comparison {
  const from = breakingRank(baseline.version);
  const to = breakingRank(current.version);
  const additions = Object.keys(current.entries).filter((key) => !(key in baseline.entries));
  if (to > from) return { breaking: [], additions };
  const breaking =
    to < from ? [`${baseline.name}: the version went back from ${baseline.version} to ${current.version}`] : [];
  const groups = new Set(Object.keys(baseline.entries).map(groupOf));
  for (const [key, promised] of Object.entries(baseline.entries)) {
    const found = current.entries[key];
    if (found === undefined) breaking.push(`${key} is gone; it was: ${promised}`);
    else if (found !== promised) breaking.push(`${key} has changed from: ${promised}; to: ${found}`);
  }
  for (const key of additions) {
    const group = groupOf(key);
    if (current.closed.includes(group) && groups.has(group)) {
      breaking.push(`${key} is new, and whoever was built before does not have it`);
    }
  }
  return { breaking, additions };
}

const groupOf = (key: string): string => key.split(' ')[0] as string;
