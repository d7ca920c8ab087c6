/** The section `grants` of the configuration file. */

import { z } from 'zod';
import { HostError } from '../errors.js';
import { MANIFEST_LIMITS } from '../limits.js';
import { type Permission, permissionSchema } from '../permissions.js';

/** What plugins are given and refused, by plugin id; `*` is about all of them. Denials win. */
export type GrantRules = Readonly<
  Record<string, { readonly grant: readonly Permission[]; readonly deny: readonly Permission[] }>
>;

const expectList = 'expected a list of permissions, such as [SystemTime, {SystemEnv: HOME}]';
const permissions = z
  .array(permissionSchema, { error: expectList })
  .max(MANIFEST_LIMITS.maxPermissions, { error: `expected at most ${MANIFEST_LIMITS.maxPermissions} permissions` })
  .default([]);
const rule = z.strictObject({ grant: permissions, deny: permissions });
const PLUGIN = /^(\*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Reads the section.
 * @throws HostError CONFIG_INVALID: every fault with its path in the file
 */
export function readGrants(section: unknown): GrantRules {
  if (section === undefined || section === null) return {};
  if (typeof section !== 'object' || Array.isArray(section)) {
    throw invalid(['grants: expected plugin ids, or *, each with grant and deny']);
  }
  const rules: [string, GrantRules[string]][] = [];
  const faults: string[] = [];
  for (const [plugin, value] of Object.entries(section)) {
    const path = `grants.${JSON.stringify(plugin)}`;
    if (!PLUGIN.test(plugin)) {
      faults.push(`${path}: expected the id of a plugin (a UUID in lower case) or "*"`);
      continue;
    }
    const result = rule.safeParse(value ?? {});
    if (result.success) rules.push([plugin, result.data]);
    else for (const issue of result.error.issues) faults.push(...describe(path, issue));
  }
  if (faults.length > 0) throw invalid(faults);
  return Object.fromEntries(rules);
}

/** An unknown key is named as the last part of its path. */
function describe(path: string, issue: z.core.$ZodIssue): string[] {
  const at = issue.path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${String(part)}`),
    path,
  );
  if (issue.code !== 'unrecognized_keys') return [`${at}: ${issue.message}`];
  const known = issue.path.length === 0 ? 'grant, deny' : 'those of the permissions that a manifest may ask for';
  return issue.keys.map((key) => `${at}.${key}: unknown key; known are ${known}`);
}

function invalid(faults: readonly string[]): HostError {
  const shown = faults.slice(0, MANIFEST_LIMITS.maxFaults).join('; ');
  return new HostError('CONFIG_INVALID', `the configuration file is wrong: ${shown}`);
}
