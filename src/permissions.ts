/**
 * Permissions as a manifest asks for them, and as an operator grants or denies them: upstream's strings, or objects with that one
 * key. Asking is not having.
 */

import { z } from 'zod';
import { MANIFEST_LIMITS } from './limits.js';
import { stands } from './protocol/defences.js';

const host = z
  .string()
  .max(253)
  .regex(/^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$|^\[[0-9A-Fa-f:.]+\]$/, {
    error: 'expected a host name, a pattern such as *.example.com, or an address ([::1] for IPv6)',
  });

/** Where to: without `hosts` any host that the operator grants, without `ports` the protocol's own. */
const network = z.strictObject({
  hosts: z
    .array(host)
    .min(stands('empty-lists') ? 1 : 0)
    .max(MANIFEST_LIMITS.maxItems)
    .optional(),
  ports: z.array(z.int().min(1).max(65_535)).min(1).max(MANIFEST_LIMITS.maxItems).optional(),
});

export const MAX_PATH_LENGTH = 1_024;
/** A guest may name a path that has these. A permission may not, so that it can be shown. */
export const NOT_IN_PATHS = /[\\\p{Cc}]/u;

/** A path as the guest names it; the operator maps it to a root of the host. */
const guestPath = z
  .string()
  .min(1)
  .max(MAX_PATH_LENGTH)
  .regex(/^\/?[^/\0\\\p{Cc}]+(\/[^/\0\\\p{Cc}]+)*\/?$|^\/$/u, {
    error: 'expected a path with / between its components',
  })
  .refine((text) => !text.split('/').some((component) => component === '.' || component === '..'), {
    error: 'expected a path without . and ..',
  });

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: 'expected the name of an environment variable' });

const pluginId = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, {
  error: 'expected the id of a plugin (a UUID in lower case)',
});

/** A memory that several plugins share, as its keys name it: `shared:NAME/...`. */
const sharedMemory = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, {
  error: 'expected the name of a shared memory: at most 64 of a-z, 0-9, dot, underscore and hyphen',
});

/** Permissions that are a name alone. */
const PLAIN = [
  'NetworkHttp',
  'NetworkHttps',
  'NetworkTcp',
  'NetworkUdp',
  'SystemTime',
  'SystemRandom',
  'Hal9Signal',
  'Hal9Memory',
  'Hal9Metrics',
  'Hal9Learning',
] as const;

/** Permissions with what they are about. */
const FIELDS = {
  NetworkHttp: network,
  NetworkHttps: network,
  NetworkTcp: network,
  NetworkUdp: network,
  FileRead: guestPath,
  FileWrite: guestPath,
  FileCreate: guestPath,
  SystemEnv: variable,
  PluginCall: pluginId,
  Hal9SharedMemory: sharedMemory,
} as const;

/** Every name, for whoever has written another one. */
const NAMES =
  `one of ${PLAIN.join(', ')}; or with what it is about, as {NAME: VALUE}, ` +
  `one of ${Object.keys(FIELDS).join(', ')}`;

const plain = z.enum(PLAIN, { error: ({ input }) => `expected a permission, ${NAMES}; found ${foundText(input)}` });
const withField = z
  .strictObject({
    NetworkHttp: network.optional(),
    NetworkHttps: network.optional(),
    NetworkTcp: network.optional(),
    NetworkUdp: network.optional(),
    FileRead: guestPath.optional(),
    FileWrite: guestPath.optional(),
    FileCreate: guestPath.optional(),
    SystemEnv: variable.optional(),
    PluginCall: pluginId.optional(),
    Hal9SharedMemory: sharedMemory.optional(),
  } satisfies { [K in keyof typeof FIELDS]: z.ZodOptional<(typeof FIELDS)[K]> })
  .refine((permission) => Object.keys(permission).length === 1, { error: 'expected an object with one key' });

function foundText(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200);
}

/** Keys that are no permission's name; those of the value inside a permission are another matter. */
function unknownName(issue: z.core.$ZodIssue, value: unknown): z.core.$ZodIssue {
  if (issue.code !== 'unrecognized_keys' || issue.path.length > 0) return issue;
  return {
    code: 'custom',
    path: [],
    input: value,
    message: `expected a permission, ${NAMES}; found ${foundText(value)}`,
  };
}

type PlainPermission = z.infer<typeof plain>;
type Fields = { [K in keyof typeof FIELDS]: z.infer<(typeof FIELDS)[K]> };

/** What a plugin asks for: a name, or an object with exactly one of these keys. */
export type Permission = PlainPermission | { [K in keyof Fields]: { [P in K]: Fields[K] } }[keyof Fields];
export type NetworkPermission = Fields['NetworkHttp'];

/** Decides by the value's own shape which of the two forms is meant, so that faults name what is wrong inside. */
export const permissionSchema = z.unknown().transform((value, context): Permission => {
  const result = typeof value === 'object' && value !== null ? withField.safeParse(value) : plain.safeParse(value);
  if (result.success) return result.data as Permission;
  const { issues } = result.error;
  const unknown = issues.find(({ code, path }) => code === 'unrecognized_keys' && path.length === 0);
  // Of a permission that there is not, no more needs saying.
  for (const issue of unknown === undefined ? issues : [unknown])
    context.issues.push({ ...unknownName(issue, value), input: value } as z.core.$ZodRawIssue);
  return z.NEVER;
});
