/**
 * `manifest.json`: the form of a package's manifest (api_version 1). What is unknown is refused with its path in the document,
 * never ignored: a misspelt permission or limit must not look as if it held.
 */

import semver from 'semver';
import { z } from 'zod';
import { HostError } from '../errors.js';
import { GUEST_LIMITS, MANIFEST_LIMITS, PACKAGE_LIMITS } from '../limits.js';
import { permissionSchema } from '../permissions.js';
import { jsonTextFault } from './json-text.js';
import { describeIssues } from './manifest-faults.js';
import { PathSet } from './path-set.js';
import { pathFault } from './paths.js';

/** One line that a person reads: no controls, no space around it. */
function line(maxCharacters: number, least = 1) {
  return z
    .string()
    .min(least)
    .max(maxCharacters)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}]*$/u, { error: 'expected text without control characters' })
    .refine((text) => text === text.trim(), { error: 'expected no space at the beginning or end' });
}

/** Text that may have several lines. */
function prose(maxCharacters: number) {
  return z
    .string()
    .max(maxCharacters)
    .regex(/^[^\0\p{Cs}]*$/u, { error: 'expected text without NUL' });
}

/** A name that callers and operators type. */
const name = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'expected 1 to 64 of the characters A-Z a-z 0-9 _ . -' })
  .refine((text) => text !== '__proto__', { error: 'expected another name' });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const uuid = z
  .string()
  .regex(UUID, { error: 'expected a UUID in lower case, such as 3f2b7c1e-5a4d-4e8b-9c6f-0a1b2c3d4e5f' });

/** Commands take a plugin's name where they take its id: it may look like no other plugin's name, and like nobody's id. */
const pluginName = line(64)
  .refine((text) => !/\p{Cf}/u.test(text), { error: 'expected text without invisible characters' })
  .refine((text) => !UUID.test(text.toLowerCase()), { error: 'expected another name than a UUID' });

const version = z
  .string()
  .max(64)
  .refine((text) => /^\d/.test(text) && text === text.trim() && semver.valid(text) !== null, {
    error: 'expected a version as of semver.org, such as 1.2.3',
  });

const versionRange = z
  .string()
  .min(1)
  .max(128)
  .refine((text) => semver.validRange(text) !== null, { error: 'expected a range of versions, such as ^1.2.0' });

const webAddress = z
  .string()
  .max(2_048)
  .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), { error: 'expected an http or https URL' });

const path = z.string().superRefine((text, context) => {
  const fault = pathFault(text);
  if (fault !== undefined)
    context.addIssue({ code: 'custom', message: `expected a path inside the package: this one ${fault}` });
});

const layer = z.enum(['L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'L7', 'L8', 'L9']);

const parameter = z
  .strictObject({
    name,
    param_type: z.enum(['string', 'number', 'integer', 'boolean', 'array', 'object']),
    required: z.boolean(),
    description: prose(1_024),
    default: z.json().optional(),
  })
  .superRefine((declared, context) => {
    if (declared.default === undefined || fits(declared.default, declared.param_type)) return;
    context.addIssue({
      code: 'custom',
      path: ['default'],
      message: `expected a value of the type ${declared.param_type}`,
    });
  });

/** Whether a JSON value is of a parameter's type. */
function fits(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

const capability = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('NeuronType'),
    config: z.strictObject({ layer, neuron_type: line(64), description: prose(1_024) }),
  }),
  z.strictObject({
    type: z.literal('ToolProvider'),
    config: z.strictObject({
      tool_name: name,
      tool_description: prose(4_096),
      parameters: z
        .array(parameter)
        .max(MANIFEST_LIMITS.maxParameters)
        .superRefine((parameters, context) =>
          refuseRepeated(
            parameters.map((each) => each.name),
            context,
            'name',
          ),
        ),
    }),
  }),
  z.strictObject({
    type: z.literal('MemoryProvider'),
    config: z.strictObject({ storage_type: line(64), features: z.array(line(64)).max(MANIFEST_LIMITS.maxItems) }),
  }),
  z.strictObject({
    type: z.literal('LearningAlgorithm'),
    config: z.strictObject({ algorithm_name: line(64), supported_layers: z.array(layer).max(9) }),
  }),
  z.strictObject({
    type: z.literal('ApiExtension'),
    config: z.strictObject({
      endpoint: z
        .string()
        .max(256)
        .regex(/^\/[A-Za-z0-9_./-]*$/, { error: 'expected a path such as /analytics' }),
      methods: z
        .array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
        .min(1)
        .max(7),
    }),
  }),
]);

const dependency = z.strictObject({ plugin_id: uuid, version: versionRange, optional: z.boolean().default(false) });

const requirements = z.strictObject({
  min_hal9_version: version,
  /** All memories together, in MiB. */
  max_memory_mb: z
    .int()
    .min(1)
    .max(GUEST_LIMITS.maxMemoryBytes / 1_048_576)
    .optional(),
  required_permissions: z.array(permissionSchema).max(MANIFEST_LIMITS.maxPermissions).default([]),
  dependencies: z.array(dependency).max(MANIFEST_LIMITS.maxItems).default([]),
  /** Whether calls depend on earlier ones; default: a neuron or a learner does. Our addition to the format. */
  stateful: z.boolean().optional(),
  /** A call's budget of fuel, where its request names none. Our addition to the format. */
  max_fuel: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  /** A call's wall-clock limit. Our addition to the format. */
  max_call_ms: z.int().min(1).max(60_000).optional(),
});

const metadata = z.strictObject({
  id: uuid,
  name: pluginName,
  version,
  author: line(256),
  description: prose(4_096),
  license: line(128),
  repository: webAddress.optional(),
  homepage: webAddress.optional(),
  tags: z.array(line(64)).max(MANIFEST_LIMITS.maxItems).default([]),
  capabilities: z
    .array(capability)
    .min(1)
    .max(MANIFEST_LIMITS.maxCapabilities)
    .superRefine((capabilities, context) => refuseRepeated(capabilities.map(capabilityKey), context)),
  requirements,
});

const files = z.strictObject({
  wasm: path,
  icon: path.optional(),
  readme: path.optional(),
  license: path.optional(),
  examples: z.array(path).max(MANIFEST_LIMITS.maxFiles).default([]),
  /** By the name under which the guest reads it: `/assets/NAME`. */
  assets: z
    .record(path, path)
    .superRefine((assets, context) => refuseClashes(Object.keys(assets), context))
    .refine((assets) => Object.keys(assets).length <= MANIFEST_LIMITS.maxFiles, {
      error: `expected at most ${MANIFEST_LIMITS.maxFiles} assets`,
    })
    .default({}),
});

/** Taken in shape; no signature is verified yet. */
const signature = z.strictObject({
  algorithm: line(64),
  signature: line(1_024),
  public_key: line(1_024),
});

const manifest = z.strictObject({ api_version: z.literal(1), metadata, files, signature: signature.optional() });

/** A manifest that has been validated, with its defaults filled in. */
export type Manifest = z.infer<typeof manifest>;
export type Capability = z.infer<typeof capability>;
export type ToolParameter = z.infer<typeof parameter>;
export type Layer = z.infer<typeof layer>;

/**
 * Reads and validates `manifest.json`.
 * @throws HostError MANIFEST_INVALID: each fault with its path, what was expected and what was found; PACKAGE_TOO_LARGE
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > PACKAGE_LIMITS.maxManifestBytes) {
    throw new HostError(
      'PACKAGE_TOO_LARGE',
      `manifest.json: expected at most ${PACKAGE_LIMITS.maxManifestBytes} bytes, found ${bytes.length}`,
    );
  }
  const document = parseJson(bytes);
  const result = manifest.safeParse(document, { reportInput: false });
  if (result.success) return result.data;
  throw new HostError('MANIFEST_INVALID', `manifest.json: ${describeIssues(result.error.issues, document)}`);
}

/** Whether calls of this plugin depend on earlier ones: what it says, else whether it is a neuron or a learner. */
export function isStateful(manifest: Manifest): boolean {
  const { requirements, capabilities } = manifest.metadata;
  return (
    requirements.stateful ?? capabilities.some(({ type }) => type === 'NeuronType' || type === 'LearningAlgorithm')
  );
}

function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  let document: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new HostError('MANIFEST_INVALID', 'manifest.json: expected UTF-8, found other bytes');
  }
  try {
    document = JSON.parse(text);
  } catch (error) {
    const cause = error instanceof Error ? error.message.slice(0, 200) : '';
    throw new HostError(
      'MANIFEST_INVALID',
      `manifest.json: expected one JSON text without a byte order mark: ${cause}`,
    );
  }
  const fault = jsonTextFault(text);
  if (fault !== undefined) throw new HostError('MANIFEST_INVALID', `manifest.json: ${fault}`);
  return document;
}

/** What may be offered once only. */
function capabilityKey(capability: Capability): string {
  const { type, config } = capability;
  switch (type) {
    case 'NeuronType':
      return `${type} ${config.layer} ${config.neuron_type}`;
    case 'ToolProvider':
      return `${type} ${config.tool_name}`;
    case 'MemoryProvider':
      return `${type} ${config.storage_type}`;
    case 'LearningAlgorithm':
      return `${type} ${config.algorithm_name}`;
    case 'ApiExtension':
      return `${type} ${config.endpoint}`;
  }
}

/** Names that are files of one directory tree. */
function refuseClashes(names: readonly string[], context: z.core.$RefinementCtx<unknown>): void {
  const known = new PathSet();
  for (const name of names) {
    const clash = known.add(name);
    if (clash !== undefined)
      context.addIssue({ code: 'custom', path: [name], message: `expected another name: this one ${clash}` });
  }
}

function refuseRepeated(keys: readonly string[], context: z.core.$RefinementCtx<unknown>, field?: string): void {
  const seen = new Set<string>();
  keys.forEach((key, index) => {
    if (seen.has(key)) {
      const path = field === undefined ? [index] : [index, field];
      context.addIssue({ code: 'custom', path, message: 'expected each once, and one like this is there already' });
    }
    seen.add(key);
  });
}
