/** The manifest of a package that is being packed: written from the module's metadata, or held against it. */

import { isDeepStrictEqual } from 'node:util';
import { HostError } from '../errors.js';
import { MANIFEST_PATH } from './contents.js';
import { type Manifest, parseManifest } from './manifest.js';
import { type ManifestDraft, sorted } from './metadata.js';
import { quote } from './paths.js';

/** The `files` of a manifest, as far as there is something to name. */
export type FilesDraft = { readonly wasm: string } & Partial<Manifest['files']>;

/**
 * `manifest.json` from what the module says and the files that are there.
 * @throws HostError MANIFEST_INVALID
 */
export function writeManifest(draft: ManifestDraft, files: FilesDraft): Uint8Array {
  const { capabilities, requirements, ...identity } = draft.metadata;
  const document = { api_version: 1, metadata: { ...identity, capabilities, requirements }, files };
  const bytes = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
  parseManifest(bytes);
  return bytes;
}

/**
 * Refuses a manifest written by hand that says something else than the module.
 * @throws HostError MANIFEST_INVALID, naming each field in which they differ
 */
export function requireAgreement(byHand: Manifest, draft: ManifestDraft): void {
  const inModule = parseManifest(writeManifest(draft, byHand.files));
  const differences = [...differencesOf('metadata', comparable(byHand), comparable(inModule))];
  if (differences.length === 0) return;
  throw new HostError(
    'MANIFEST_INVALID',
    `${MANIFEST_PATH} and the module's own metadata disagree in ${differences.slice(0, 10).join(', ')}; ` +
      `change one of them, or remove ${MANIFEST_PATH}: it is then written from the module`,
  );
}

/** Capabilities mean the same in any order. */
function comparable(manifest: Manifest): Record<string, unknown> {
  return { ...manifest.metadata, capabilities: sorted(manifest.metadata.capabilities) };
}

function* differencesOf(path: string, left: unknown, right: unknown): Generator<string> {
  if (isDeepStrictEqual(left, right)) return;
  if (!isContainer(left) || !isContainer(right) || Array.isArray(left) !== Array.isArray(right)) {
    yield `${path} (${shown(left)} there, ${shown(right)} in the module)`;
    return;
  }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const step = Array.isArray(left) ? `[${key}]` : `.${key}`;
    yield* differencesOf(`${path}${step}`, left[key], right[key]);
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : quote(JSON.stringify(value), 60);
}
