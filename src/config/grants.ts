/** The section `grants` of the configuration file. */

import { z } from 'zod';
import { MANIFEST_LIMITS } from '../limits.js';
import { permissionSchema } from '../permissions.js';

const permissions = z
  .array(permissionSchema, { error: 'expected a list of permissions, such as [SystemTime, {SystemEnv: HOME}]' })
  .max(MANIFEST_LIMITS.maxPermissions, { error: `expected at most ${MANIFEST_LIMITS.maxPermissions} permissions` })
  .default([]);

const plugin = z.string().regex(/^(\*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/);

/** What plugins are given and refused, by plugin id; `*` is about all of them. Denials win. */
export const grantRules = z
  .record(plugin, z.strictObject({ grant: permissions, deny: permissions }), {
    error: (issue) =>
      issue.code === 'invalid_key'
        ? 'expected the id of a plugin (a UUID in lower case) or "*"'
        : 'expected plugin ids, or "*", each with grant and deny',
  })
  .nullish()
  .transform((rules) => rules ?? {});

export type GrantRules = Readonly<z.output<typeof grantRules>>;
