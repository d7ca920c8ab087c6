/**
 * The metadata that a plugin carries in its module: the custom section `hal9:manifest`, which the SDK's macros write and
 * `hal9 plugin pack` turns into `manifest.json`, so that the two cannot disagree.
 *
 * The section is a sequence of fragments in any order, because the linker concatenates what crates put into a section:
 * a kind of 4 bytes, the length of what follows (4 bytes, unsigned, little endian), one JSON object in UTF-8. `H9P1` stands
 * exactly once: the manifest's `metadata` without `capabilities`. `H9C1` stands for each capability.
 */

import { HostError } from '../errors.js';
import { MANIFEST_LIMITS, PACKAGE_LIMITS } from '../limits.js';
import { customSections } from '../wasm/sections.js';
import { jsonTextFault } from './json-text.js';
import { quote } from './paths.js';

const SECTION = 'hal9:manifest';
const HEADER_BYTES = 8;
const PLUGIN = 'H9P1';
const CAPABILITY = 'H9C1';

type JsonObject = Record<string, unknown>;

/** A manifest without `files`. Nothing is known of it but its outline: `parseManifest` validates what is made of it. */
export interface ManifestDraft {
  readonly api_version: 1;
  readonly metadata: JsonObject & { readonly capabilities: readonly JsonObject[] };
}

/**
 * What a module says about its plugin, or undefined where it says nothing. Capabilities come sorted: the same plugin gives the
 * same draft in whatever order it was linked.
 * @throws HostError MANIFEST_INVALID for a malformed section; as `readSections` for a malformed module
 */
export function readMetadata(wasm: Uint8Array): ManifestDraft | undefined {
  const sections = customSections(wasm, SECTION);
  if (sections.length === 0) return undefined;
  const totalBytes = sections.reduce((sum, section) => sum + section.length, 0);
  if (totalBytes > PACKAGE_LIMITS.maxManifestBytes) {
    throw malformed(`expected at most ${PACKAGE_LIMITS.maxManifestBytes} bytes, found ${totalBytes}`);
  }
  const plugins: JsonObject[] = [];
  const capabilities: JsonObject[] = [];
  for (const section of sections) {
    for (const { kind, value } of readFragments(section)) {
      if (kind === PLUGIN) plugins.push(value);
      else capabilities.push(value);
    }
  }
  const [plugin] = plugins;
  if (plugin === undefined || plugins.length !== 1) {
    throw malformed(`expected hal9_plugin! once in the module, found it ${plugins.length} times`);
  }
  if ('capabilities' in plugin) throw malformed('expected capabilities as fragments of their own');
  if (capabilities.length > MANIFEST_LIMITS.maxCapabilities) {
    throw malformed(`expected at most ${MANIFEST_LIMITS.maxCapabilities} capabilities, found ${capabilities.length}`);
  }
  return { api_version: 1, metadata: { ...plugin, capabilities: sorted(capabilities) } };
}

/** Objects in the order of their text: one that does not depend on where they came from. */
export function sorted(objects: readonly JsonObject[]): JsonObject[] {
  return objects
    .map((value) => ({ value, text: JSON.stringify([value['type'], value]) }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ value }) => value);
}

function* readFragments(section: Uint8Array): Generator<{ kind: string; value: JsonObject }> {
  const view = new DataView(section.buffer, section.byteOffset, section.length);
  let at = 0;
  while (at < section.length) {
    if (section.length - at < HEADER_BYTES) {
      throw malformed(
        `at byte ${at}: expected a fragment's header of ${HEADER_BYTES} bytes, found ${section.length - at}`,
      );
    }
    const kind = String.fromCharCode(...section.subarray(at, at + 4));
    if (kind !== PLUGIN && kind !== CAPABILITY) {
      throw malformed(
        `at byte ${at}: expected ${PLUGIN} or ${CAPABILITY}, found ${quote(kind)}; a newer SDK writes other kinds`,
      );
    }
    const length = view.getUint32(at + 4, true);
    const start = at + HEADER_BYTES;
    if (length > section.length - start) {
      throw malformed(`at byte ${at}: expected ${length} more bytes, found ${section.length - start}`);
    }
    yield { kind, value: parseObject(section.subarray(start, start + length), at) };
    at = start + length;
  }
}

function parseObject(bytes: Uint8Array, at: number): JsonObject {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`the fragment at byte ${at}: expected one JSON object in UTF-8`, error);
  }
  const fault = jsonTextFault(text);
  if (fault !== undefined) throw malformed(`the fragment at byte ${at}: ${fault}`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`the fragment at byte ${at}: expected one JSON object, found another value`);
  }
  return value as JsonObject;
}

function malformed(fault: string, cause?: unknown): HostError {
  return new HostError('MANIFEST_INVALID', `the module's section ${SECTION}: ${fault}`, { cause });
}
