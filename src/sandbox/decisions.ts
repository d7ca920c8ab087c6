/** What an operator decides about the permissions that a plugin asks for. Pure functions: nothing is changed in place. */

import { HostError } from '../errors.js';
import { MANIFEST_LIMITS } from '../limits.js';
import type { Permission } from '../permissions.js';
import { covers, intersect, overlapsAny } from './coverage.js';
import { givenParts, partsOf, permissionJson } from './permission-parts.js';

/** What is given and what is refused. Denials win. */
export interface Rule {
  readonly grant: readonly Permission[];
  readonly deny: readonly Permission[];
}

/** What is kept for one line of versions: the rule, and what was asked for when it was made. */
export interface LineDecisions extends Rule {
  readonly decided: readonly Permission[];
}

/** New decisions; `rest` is about everything that is asked for and not named. */
export interface Decisions extends Rule {
  readonly rest: 'keep' | 'grant' | 'deny';
}

export const NO_DECISIONS: Decisions = { grant: [], deny: [], rest: 'keep' };
export const NOTHING_DECIDED: LineDecisions = { decided: [], grant: [], deny: [] };

/**
 * The decisions with new ones on top. What is named is decided anew, denials last; what is asked for and touched by a name counts
 * as decided, also where only a part of it was granted.
 *
 * @throws HostError REQUEST_INVALID where more would be kept than a plugin can ask for
 */
export function decide(before: LineDecisions, asked: readonly Permission[], decisions: Decisions): LineDecisions {
  const named = [...decisions.grant, ...decisions.deny].map(partsOf);
  const touched = (permission: Permission): boolean => overlapsAny(named, partsOf(permission));
  const rest = decisions.rest === 'keep' ? [] : asked.filter((permission) => !touched(permission));
  let rule: Rule = before;
  for (const permission of [...decisions.grant, ...(decisions.rest === 'grant' ? rest : [])])
    rule = grant(rule, permission);
  for (const permission of [...decisions.deny, ...(decisions.rest === 'deny' ? rest : [])])
    rule = deny(rule, permission);
  const decided = union(before.decided, [...asked.filter(touched), ...rest]);
  for (const list of [rule.grant, rule.deny, decided]) checkLength(list);
  return { decided, grant: rule.grant, deny: rule.deny };
}

/**
 * What is asked for and not decided: neither for this line of versions, nor by the configuration. A configured rule that touches
 * a permission is a decision about all of it; one that is kept is about what was asked for then, so that more is a new question.
 */
export function undecided(
  asked: readonly Permission[],
  { decided, grant: granted, deny: denied }: LineDecisions,
  configured: Rule,
): Permission[] {
  const known = [...[...decided, ...granted].map(givenParts), ...denied.map(partsOf)];
  const rules = [...configured.grant, ...configured.deny].map(partsOf);
  return asked.filter((permission) => {
    const want = givenParts(permission);
    return !known.some((each) => covers(each, want)) && !overlapsAny(rules, partsOf(permission));
  });
}

/** Forgets denials that touch it, and with a wider denial the grants that it had kept from holding. */
function grant({ grant: granted, deny: denied }: Rule, permission: Permission): Rule {
  const parts = partsOf(permission);
  const [lifted, kept] = divide(denied, (each) => intersect(partsOf(each), parts) !== undefined);
  const wider = lifted.map(partsOf).filter((each) => !covers(parts, each));
  const rest = granted.filter((each) => !covers(parts, partsOf(each)) && !overlapsAny(wider, partsOf(each)));
  return { grant: [...rest, permission], deny: kept };
}

function deny({ grant: granted, deny: denied }: Rule, permission: Permission): Rule {
  const parts = partsOf(permission);
  const without = (list: readonly Permission[]): Permission[] => list.filter((each) => !covers(parts, partsOf(each)));
  return { grant: without(granted), deny: [...without(denied), permission] };
}

function divide<T>(list: readonly T[], isFirst: (each: T) => boolean): [T[], T[]] {
  return [list.filter((each) => isFirst(each)), list.filter((each) => !isFirst(each))];
}

function union(a: readonly Permission[], b: readonly Permission[]): Permission[] {
  return [...new Map([...a, ...b].map((permission) => [permissionJson(permission), permission])).values()];
}

function checkLength(list: readonly Permission[]): void {
  if (list.length <= MANIFEST_LIMITS.maxPermissions) return;
  throw new HostError(
    'REQUEST_INVALID',
    `decisions: at most ${MANIFEST_LIMITS.maxPermissions} permissions are kept for a plugin, these would be ${list.length}`,
  );
}
