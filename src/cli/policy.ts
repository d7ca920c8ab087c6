/** The least that a plugin needs, made from what it tried: a block of the configuration file. */

import { MANIFEST_LIMITS } from '../limits.js';
import type { Permission } from '../permissions.js';
import { covers, overlapsAny, subtract } from '../sandbox/coverage.js';
import { isInternal } from '../sandbox/given.js';
import { givenParts, type Parts, partsOf, permissionOf } from '../sandbox/permission-parts.js';
import { readPermission } from '../sandbox/permission-text.js';

/** What a plugin asks for and has tried. Permissions are JSON texts. */
export interface Recorded {
  plugin: { id: string; name: string; version: string };
  asked: readonly string[];
  tried: readonly string[];
}

/** The section `grants` that gives what was tried and refuses the rest of what is asked for. Permissions as a manifest writes them. */
export interface Policy {
  grants: Record<string, { grant: Permission[]; deny: Permission[] }>;
  /** Tried and not asked for, or of a name that no permission can have: no policy can give it. */
  notAskedFor: unknown[];
}

export function policyOf({ plugin, asked, tried }: Recorded): Policy {
  const wanted = asked.map((text) => givenParts(readPermission(text, 'asked')));
  const uses = tried.map((text) => ({ text, parts: readParts(text) }));
  // In the order of what is asked for.
  const needed = new Set(
    wanted.flatMap((each) => uses.flatMap(({ parts }) => (parts && covers(each, parts) ? parts : []))),
  );
  const given = together([...needed]);
  const deny = wanted.flatMap((parts) => restOf(parts, given) ?? []);
  const strays = uses.filter(({ parts }) => parts === undefined || !needed.has(parts));
  return {
    grants: { [plugin.id]: { grant: given.map(permissionOf), deny } },
    notAskedFor: strays.map(({ text }) => JSON.parse(text) as unknown),
  };
}

/** A host is as the guest has written it, which may be more than a permission can say. */
function readParts(text: string): Parts | undefined {
  try {
    return givenParts(readPermission(text, 'tried'));
  } catch {
    return undefined;
  }
}

/** With the hosts of the same ports in one list; addresses that are not public in one of their own, since they are to be looked at. */
function together(needed: readonly Parts[]): Parts[] {
  const found: Parts[] = [];
  const groups = new Map<string, { parts: Parts; hosts: Set<string> }>();
  for (const parts of needed) {
    const { kind, hosts, ports } = parts;
    if (hosts === undefined) found.push(parts);
    for (const host of hosts ?? []) {
      const key = JSON.stringify([kind, ports, isInternal(host)]);
      const group = groups.get(key) ?? { parts, hosts: new Set() };
      groups.set(key, group);
      group.hosts.add(host);
    }
  }
  for (const { parts, hosts } of groups.values()) {
    const all = [...hosts].sort();
    for (let from = 0; from < all.length; from += MANIFEST_LIMITS.maxItems)
      found.push({ ...parts, hosts: all.slice(from, from + MANIFEST_LIMITS.maxItems) });
  }
  return found;
}

/** What is asked for and not given, as a denial; undefined where a denial would take something of what is given. */
function restOf(asked: Parts, given: readonly Parts[]): Permission | undefined {
  const left = given.reduce<Parts | undefined>((parts, each) => parts && subtract(parts, each), asked);
  const denial = left && permissionOf(left);
  // As it is written: a denial without ports is of all of them.
  return denial === undefined || overlapsAny(given, partsOf(denial)) ? undefined : denial;
}

/** The permissions of a policy that are denied at present. Texts as in a reply. */
export function deniedNow({ grants }: Policy, denied: readonly string[]): Permission[] {
  const denials = denied.map((text) => partsOf(readPermission(text, 'denied')));
  return Object.values(grants).flatMap(({ grant }) => grant.filter((each) => overlapsAny(denials, givenParts(each))));
}

/** As YAML, to be pasted. JSON is YAML, so that nothing needs another kind of quotes. */
export function policyLines({ name, version }: Recorded['plugin'], { grants, notAskedFor }: Policy): string[] {
  const lines = ['grants:'];
  for (const [id, { grant, deny }] of Object.entries(grants)) {
    lines.push(`  # ${name} ${version}`, `  ${id}:`, ...listLines('grant', grant), ...listLines('deny', deny));
  }
  if (notAskedFor.length > 0) {
    lines.push(`  # tried too, but its manifest does not ask for it: ${notAskedFor.map(textOf).join(', ')}`);
  }
  return lines;
}

function listLines(key: string, permissions: readonly Permission[]): string[] {
  if (permissions.length === 0) return [`    ${key}: []`];
  return [
    `    ${key}:`,
    ...permissions.map((permission) => `      - ${textOf(permission)}${warning(key, permission)}`),
  ];
}

/** A plugin could try an address of the network that it runs in only to have it granted. */
function warning(key: string, permission: Permission): string {
  const isOfInterest = key === 'grant' && partsOf(permission).hosts?.some(isInternal);
  return isOfInterest ? ' # not public: only where the plugin is meant to reach your own network' : '';
}

const textOf = (permission: unknown): string => JSON.stringify(permission);
