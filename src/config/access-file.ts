import { z } from 'zod';
import { HostError } from '../errors.js';
import { ACCESS_LIMITS } from '../limits.js';
import { documentFaults, readDocument } from './document.js';

/** What a caller may do: run plugins, change what is installed, look. No role includes another. */
export const ROLES = ['execute', 'manage', 'observe'] as const;
export type Role = (typeof ROLES)[number];

/** Whom the audit log means by these is no caller of the access file. */
export const RESERVED_NAMES: readonly string[] = ['server', 'configuration', 'local', 'nobody'];

const name = z
  .string({ error: 'expected a name' })
  .regex(/^[\w.@:/-]{1,128}$/, { error: 'expected a name of 1 to 128 letters, digits or . _ @ : / -' })
  .refine((text) => !RESERVED_NAMES.includes(text), {
    error: `expected another name than ${RESERVED_NAMES.join(', ')}, which the audit log uses`,
  });

const roles = z
  .array(z.enum(ROLES, { error: `expected one of ${ROLES.join(', ')}` }), { error: 'expected a list of roles' })
  .min(1, { error: 'expected at least one role' });

const DIGITS = 'expected 64 hexadecimal digits';

/** Of a token, as `hal9 token generate` prints it. */
const tokenHash = z
  .string({ error: DIGITS })
  .regex(/^[0-9a-fA-F]{64}$/, { error: DIGITS })
  .transform((hex) => hex.toLowerCase());

/** Of a certificate in DER; with colons as openssl prints it, or without. */
const fingerprint = z
  .string({ error: DIGITS })
  .transform((hex) => hex.replaceAll(':', '').toLowerCase())
  .pipe(z.string().regex(/^[0-9a-f]{64}$/, { error: `${DIGITS}, with or without colons` }));

const token = z.strictObject({ name, sha256: tokenHash, roles }, { error: 'expected name, sha256 and roles' });

const certificate = z
  .strictObject(
    {
      name,
      sha256: fingerprint.optional(),
      subject: z.string({ error: 'expected a common name' }).min(1).max(256).optional(),
      roles,
    },
    { error: 'expected name, roles, and sha256 or subject' },
  )
  .refine(({ sha256, subject }) => sha256 !== undefined || subject !== undefined, {
    error: 'expected sha256 (the fingerprint) or subject (the common name)',
  });

const list = <Entry extends z.ZodType>(entry: Entry) =>
  z
    .array(entry, { error: 'expected a list' })
    .max(ACCESS_LIMITS.maxEntries, { error: `expected at most ${ACCESS_LIMITS.maxEntries} entries` })
    .default([]);

const accessFile = z
  .strictObject(
    { tokens: list(token), certificates: list(certificate) },
    { error: 'expected the keys tokens and certificates' },
  )
  .superRefine(({ tokens, certificates }, context) => {
    for (const [key, entries] of Object.entries({ tokens, certificates })) {
      for (const at of repeated(entries.map(({ sha256 }) => sha256))) {
        context.addIssue({ code: 'custom', path: [key, at, 'sha256'], message: 'expected each only once' });
      }
    }
    for (const at of repeated(
      certificates.map(({ sha256, subject }) => (sha256 === undefined ? subject : undefined)),
    )) {
      context.addIssue({ code: 'custom', path: ['certificates', at, 'subject'], message: 'expected each only once' });
    }
  });

/** Who may do what, by what they show. */
export type AccessFile = z.output<typeof accessFile>;

/** What is wrong with such a document, each fault by its path. */
export const accessFaults = (document: unknown): string[] => documentFaults(accessFile, document);

/**
 * Reads the access file.
 *
 * @throws HostError CONFIG_INVALID with all faults, each by its path.
 */
export function readAccessFile(file: string): AccessFile {
  const document = readDocument(file, 'the access file');
  const faults = accessFaults(document);
  if (faults.length > 0) {
    throw new HostError('CONFIG_INVALID', `the access file ${file}: ${faults.join('; ')}`);
  }
  return accessFile.parse(document);
}

/** Places of values that stand further up already. */
function repeated(values: readonly (string | undefined)[]): number[] {
  return values.flatMap((value, at) => (value !== undefined && values.indexOf(value) < at ? [at] : []));
}
