/** The section `grants` of the configuration file. */

import { z } from 'zod';
import { MANIFEST_LIMITS } from '../limits.js';
import { permissionSchema } from '../permissions.js';
import { pluginKey, pluginKeyFault } from './plugin-key.js';

const permissions = z
  .array(permissionSchema, { error: 'expected a list of permissions, such as [SystemTime, {SystemEnv: HOME}]' })
  .max(MANIFEST_LIMITS.maxPermissions, { error: `expected at most ${MANIFEST_LIMITS.maxPermissions} permissions` })
  .default([]);

/** What plugins are given and refused, by plugin id; `*` is about all of them. Denials win. */
export const grantRules = z
  .record(pluginKey, z.strictObject({ grant: permissions, deny: permissions }), {
    error: pluginKeyFault('expected plugin ids, or "*", each with grant and deny'),
  })
  .nullish()
  .transform((rules) => rules ?? {});

export type GrantRules = Readonly<z.output<typeof grantRules>>;
