/** What an instance is told of the world: the permissions that are enforced by value. Pure functions. */

import type { Permission } from '../permissions.js';
import type { GuestGrants, UsesMessage } from '../protocol/bind.js';
import { stands } from '../protocol/defences.js';
import { partsOf } from './permission-parts.js';
import { permits, type Sheet } from './permitted.js';

/** A variable of the server's own environment; undefined where it is not set, or is never handed out. */
export type EnvironmentLookup = (name: string) => string | undefined;

/** A variable that is permitted and not set stays unset. */
export function guestGrants(sheet: Sheet, lookUp: EnvironmentLookup): GuestGrants {
  const variables = variablesOf(sheet)
    .filter((name) => may(sheet, { SystemEnv: name }))
    .flatMap((name): [string, string][] => {
      const value = lookUp(name);
      return value === undefined ? [] : [[name, value]];
    });
  return { time: may(sheet, 'SystemTime'), random: may(sheet, 'SystemRandom'), env: Object.fromEntries(variables) };
}

/** One permission that a plugin has tried, and how often. */
export interface Use {
  readonly permission: Permission;
  readonly permitted: boolean;
  readonly count: number;
}

/**
 * What an instance with these grants has tried. The environment is read as a whole, so that each variable that is asked for counts
 * as tried.
 */
export function usesOf({ time, random, environment }: Omit<UsesMessage, 'type'>, sheet: Sheet): Use[] {
  const use = (permission: Permission, count: number): Use => ({
    permission,
    permitted: permits(sheet, permission),
    count,
  });
  const all = [use('SystemTime', time), use('SystemRandom', random)];
  for (const name of variablesOf(sheet)) all.push(use({ SystemEnv: name }, environment));
  return all.filter(({ count }) => count > 0);
}

/** As `permits`. Without the defence a plugin has what it asks for. */
export function may(sheet: Sheet, permission: Permission): boolean {
  return permits(stands('grants') ? sheet : { asked: sheet.asked, granted: sheet.asked, denied: [] }, permission);
}

/** Names come from the guest: so many answers are remembered, the others are worked out anew. */
const MAX_REMEMBERED = 1_000;

/** `may` for an instance whose permissions never change: each answer is worked out once. */
export function permitter(sheet: Sheet): (permission: Permission) => boolean {
  const known = new Map<string, boolean>();
  return (permission) => {
    const key = JSON.stringify(permission);
    const answer = known.get(key) ?? may(sheet, permission);
    if (known.size < MAX_REMEMBERED) known.set(key, answer);
    return answer;
  };
}

/** The variables that are asked for, each one once. */
function variablesOf({ asked }: Sheet): string[] {
  const names = asked
    .map(partsOf)
    .flatMap(({ kind, name }) => (kind === 'SystemEnv' && name !== undefined ? [name] : []));
  return [...new Set(names)];
}
