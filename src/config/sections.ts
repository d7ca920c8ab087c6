import type { z } from 'zod';
import { grantRules } from './grants.js';
import { limitRules } from './plugin-limits.js';
import { roots } from './roots.js';

/**
 * Keys of the configuration file that hold more than one value, each with its schema; no flag and no variable has them.
 * What a schema makes of a key that is not there (`.default(…)`) is what the configuration has.
 */
export const SECTIONS = { grants: grantRules, limits: limitRules, roots } as const satisfies Record<string, z.ZodType>;

/** The sections as they were read, by key. */
export type Sections = { [key in keyof typeof SECTIONS]: z.output<(typeof SECTIONS)[key]> };

/** Those that are taken while the server runs. What a plugin finds open is settled when it starts. */
export const LIVE_SECTIONS: readonly (keyof Sections)[] = ['grants', 'limits'];
