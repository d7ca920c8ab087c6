/** What an operator decides about the permissions that a plugin asks for. Pure functions: nothing is changed in place. */

import { HostError } from '../errors.js';
import { MANIFEST_LIMITS } from '../limits.js';
import type { Permission } from '../permissions.js';
import { covers, overlapsAny, subtract } from './coverage.js';
import { givenOf, givesAll } from './given.js';
import { givenParts, type Parts, partsOf, permissionJson, permissionOf } from './permission-parts.js';

/** What is given and what is refused. Denials win. */
export interface Rule {
  readonly grant: readonly Permission[];
  readonly deny: readonly Permission[];
}

/** What is kept for one line of versions: the rule, and what was asked for when it was made. */
export interface LineDecisions extends Rule {
  readonly decided: readonly Permission[];
}

/** New decisions; `rest` is about everything that is asked for, not named, and not decided yet. */
export interface Decisions extends Rule {
  readonly rest: 'keep' | 'grant' | 'deny';
}

export const NO_DECISIONS: Decisions = { grant: [], deny: [], rest: 'keep' };
const NO_RULE: Rule = { grant: [], deny: [] };
export const NOTHING_DECIDED: LineDecisions = { decided: [], grant: [], deny: [] };

/**
 * The decisions with new ones on top. What is named is decided anew, denials last; what is asked for and touched by a name counts
 * as decided, also where only a part of it was granted. The rest takes nothing away, and lifts no denial.
 *
 * @param configured what the configuration says, which is decided too
 * @throws HostError REQUEST_INVALID where more would be kept than a plugin can ask for
 */
export function decide(
  before: LineDecisions,
  asked: readonly Permission[],
  decisions: Decisions,
  configured: Rule = NO_RULE,
): LineDecisions {
  const touched = touchedBy(decisions);
  const open = decisions.rest === 'keep' ? [] : undecided(asked, before, configured);
  const rest = open.filter((permission) => !touched(permission));
  let rule: Rule = before;
  for (const permission of decisions.grant) rule = grant(rule, permission);
  for (const permission of decisions.deny) rule = deny(rule, permission);
  // Denials win, so that a grant beside them lifts none.
  if (decisions.rest === 'grant') rule = { ...rule, grant: [...rule.grant, ...rest] };
  if (decisions.rest === 'deny') rule = denyRest(rule, rest, configured);
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
  const given = [...decided, ...granted].map(givenParts);
  const refused = denied.map(partsOf);
  const touched = touchedBy(configured);
  return asked.filter((permission) => {
    const want = givenParts(permission);
    const known = given.some((each) => givesAll(each, want)) || refused.some((each) => covers(each, want));
    return !known && !touched(permission);
  });
}

/** Whether a rule says anything of a permission that is asked for. */
function touchedBy(rule: Rule): (asked: Permission) => boolean {
  const [granted, denied] = [rule.grant.map(givenParts), rule.deny.map(partsOf)];
  return (asked) => {
    const want = givenParts(asked);
    return overlapsAny(denied, want) || granted.some((each) => givenOf(want, each) !== undefined);
  };
}

/**
 * Forgets denials of what it gives, and with a wider denial the grants that it had kept from holding. Grants that it does not give
 * itself stay: of other ports, and of addresses that are given by name alone.
 */
function grant({ grant: granted, deny: denied }: Rule, permission: Permission): Rule {
  const parts = givenParts(permission);
  const [lifted, kept] = divide(denied, (each) => givenOf(partsOf(each), parts) !== undefined);
  const givesNothingBack = (each: Parts): boolean =>
    lifted.flatMap((denial) => givenOf(partsOf(denial), each) ?? []).every((back) => givesAll(parts, back));
  const rest = granted.filter((each) => !givesAll(parts, givenParts(each)) && givesNothingBack(givenParts(each)));
  return { grant: [...rest, permission], deny: kept };
}

function deny({ grant: granted, deny: denied }: Rule, permission: Permission): Rule {
  const parts = partsOf(permission);
  const without = (list: readonly Permission[]): Permission[] => list.filter((each) => !covers(parts, partsOf(each)));
  return { grant: without(granted), deny: [...without(denied), permission] };
}

/**
 * Denies what nothing is granted of. Where a part was granted before and the other cannot be written as a permission, none is
 * denied: that it is decided and not granted is enough for it not to hold.
 */
function denyRest(rule: Rule, rest: readonly Permission[], configured: Rule): Rule {
  const given = [...rule.grant, ...configured.grant].map(givenParts);
  let after = rule;
  for (const permission of rest) {
    const want = givenParts(permission);
    const left = given.reduce<Parts | undefined>((parts, each) => parts && subtract(parts, each), want);
    if (left === undefined) continue;
    const denial = permissionOf(left);
    // As it is written: one without ports is of all of them.
    if (!overlapsAny(given, partsOf(denial))) after = deny(after, denial);
  }
  return after;
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
