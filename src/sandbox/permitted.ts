/** What a plugin may do: what it asks for AND the operator granted AND did not deny. */

import type { Permission } from '../permissions.js';
import { stands } from '../protocol/defences.js';
import { covers, intersect, subtract } from './coverage.js';
import { allGiven, givesAll } from './given.js';
import { givenParts, type Parts, partsOf, permissionOf } from './permission-parts.js';

/** What an operator has decided, and a plugin asks for. An empty list is nothing. */
export interface Sheet {
  readonly asked: readonly Permission[];
  readonly granted: readonly Permission[];
  readonly denied: readonly Permission[];
}

/**
 * The permissions that hold, each one once. Where a denial takes away a part that cannot be written as a permission, the rest is
 * listed with it: `permits` decides.
 */
export function effective(sheet: Sheet): Permission[] {
  const granted = sheet.granted.map(givenParts);
  const denied = sheet.denied.map(partsOf);
  const found = new Map<string, Permission>();
  for (const asked of sheet.asked.map(givenParts)) {
    for (const common of allGiven(asked, granted)) {
      const left = denied.reduce<Parts | undefined>((parts, each) => parts && subtract(parts, each), common);
      if (left === undefined) continue;
      const permission = permissionOf(left);
      found.set(JSON.stringify(permission), permission);
    }
  }
  return [...found.values()];
}

/**
 * Whether a plugin may do this one thing: a single host and port, a single path. Something that is wider than each permission
 * alone is not permitted; what a denial touches is not permitted.
 */
export function permits(sheet: Sheet, wanted: Permission): boolean {
  const want = givenParts(wanted);
  const within = (list: readonly Permission[]): boolean => list.some((each) => covers(givenParts(each), want));
  if (!within(sheet.granted) || !(within(sheet.asked) || !stands('asked-for'))) return false;
  return !stands('denials') || sheet.denied.every((each) => intersect(partsOf(each), want) === undefined);
}

/** Whether all of a permission holds, with the addresses that it names. */
export function holds(sheet: Sheet, permission: Permission): boolean {
  const parts = givenParts(permission);
  return permits(sheet, permission) && effective(sheet).some((each) => givesAll(givenParts(each), parts));
}
