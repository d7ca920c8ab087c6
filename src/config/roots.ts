/** The section `roots` of the configuration file. */

import { isAbsolute, normalize } from 'node:path';
import { z } from 'zod';
import { FILE_LIMITS } from '../limits/files.js';
import { ASSETS_DIRECTORY } from '../protocol/assets.js';
import { SCRATCH_DIRECTORY } from '../protocol/files.js';

const GUEST_PATH = 'expected an absolute path without . and .. and without a slash at its end, such as /data';

/** Places that guests find anyway. */
const RESERVED = [ASSETS_DIRECTORY, SCRATCH_DIRECTORY];

const guestPath = z
  .string({ error: GUEST_PATH })
  .max(1_024)
  .refine((path) => isAbsolute(path) && normalize(path) === path && !/[/\\]$|\p{Cc}/u.test(path), { error: GUEST_PATH })
  .refine((path) => !RESERVED.some((reserved) => path === reserved || path.startsWith(`${reserved}/`)), {
    error: `expected another path than ${RESERVED.join(' and ')}, which guests find anyway`,
  });

const directory = z
  .string({ error: 'expected a directory' })
  .refine((path) => isAbsolute(path), { error: 'expected an absolute path of this machine' });

const root = z.strictObject(
  {
    path: guestPath,
    directory,
    plugin: z
      .string()
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, {
        error: 'expected the id of a plugin (a UUID in lower case)',
      })
      .optional(),
  },
  { error: 'expected path, directory, and, where it is for one plugin alone, plugin' },
);

/** Directories of this machine that plugins see, where they were granted what is below `path`. */
export const roots = z
  .array(root, { error: 'expected a list of roots, each with path and directory' })
  .max(FILE_LIMITS.maxConfiguredRoots, { error: `expected at most ${FILE_LIMITS.maxConfiguredRoots} roots` })
  .superRefine((all, context) => {
    for (const [at, { path, plugin }] of all.entries()) {
      if (all.findIndex((other) => other.path === path && other.plugin === plugin) < at)
        context.addIssue({ code: 'custom', path: [at, 'path'], message: 'expected each only once' });
    }
  })
  .nullish()
  .transform((list) => list ?? []);
