/** Fuzz targets: packages, manifests, modules. Each input is refused with a reason, or accepted and then what it seems to be. */

import { deepStrictEqual, strictEqual } from 'node:assert';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path/posix';
import { deflateRawSync } from 'node:zlib';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { parseManifest } from '../../src/package/manifest.js';
import { readPackage } from '../../src/package/read.js';
import { zipFiles } from '../../src/package/zip-write.js';
import { Preparer } from '../../src/prepare/prepare.js';
import { limitModule } from '../../src/wasm/limit.js';
import { readModule } from '../../src/wasm/module.js';
import { type RawEntry, rawZip } from '../hostile/packages/raw-zip.js';
import { aManifest, packageFiles } from '../unit/package/a-package.js';
import { moduleText } from '../unit/prepare/module-text.js';
import { mutateBytes, mutateJson, mutateZip } from './mutate.js';
import type { Random } from './random.js';

/** Tries one input. It throws a HostError with a reason where the input is refused; whatever else it throws is a failure. */
export type Target = (random: Random) => Promise<void>;

/** The targets, each with its name. */
export async function packageTargets(): Promise<ReadonlyMap<string, Target>> {
  const modules = await Promise.all(MODULES.map((text) => parse(text)));
  const byHand = readdirSync(BY_HAND)
    .filter((name) => name.endsWith('.hal9'))
    .map((name) => readFileSync(join(BY_HAND, name)));
  return new Map<string, Target>([
    ['package-bytes', tryPackageBytes],
    ['package-entries', tryPackageEntries],
    ['package-headers', (random) => tryPackageHeaders(random, byHand)],
    ['manifest', tryManifest],
    ['manifest-text', tryManifestText],
    ['module', (random) => tryModule(random, modules)],
    ['prepare', (random) => tryPrepare(random, modules)],
  ]);
}

/** Runs what may not be refused any more: there, a refusal is a failure. */
async function mustHold<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw new Error('what was accepted is refused when it is looked at again', { cause: error });
  }
}

const BY_HAND = 'test/packages-by-hand';

const MEMORY_LIMIT_BYTES = 64 * 65_536;

const MODULES: readonly string[] = [
  moduleText(),
  moduleText({ exports: ['tools', 'lifecycle'], imports: ['logging', 'config', 'random'] }),
  '(module (memory 1 3) (memory 2))',
  `(module (memory 1 70) (table 3 funcref) (table 1 9 externref) (global (mut i64) (i64.const -5)) (global f64 (f64.const 1))
    (tag (param i32)) (func $f (local i32 i64 f32) nop) (func (param v128)) (start $f) (elem (i32.const 0) func 0 1) (data (i32.const 1) "abc"))`,
  '(module)',
];

async function tryPackageBytes(random: Random): Promise<void> {
  const zip = random.once(2) ? await zipFiles(packageFiles()) : rawZip({ entries: entriesOf(random) });
  await checkPackage(mutateBytes(zip, random));
}

async function tryPackageEntries(random: Random): Promise<void> {
  await checkPackage(rawZip({ entries: entriesOf(random), ...(random.once(4) ? { comment: 'c' } : {}) }));
}

/** Fields of headers as real tools have written them. */
async function tryPackageHeaders(random: Random, packages: readonly Uint8Array[]): Promise<void> {
  const zip = random.once(8) ? rawZip({ entries: entriesOf(random) }) : random.pick(packages);
  await checkPackage(mutateZip(zip, random));
}

/** The entries of a good package, some of them spoiled, and some more. */
function entriesOf(random: Random): RawEntry[] {
  const entries: RawEntry[] = [...packageFiles()].map(([name, content]) => ({ name, content }));
  for (let more = random.below(4); more > 0; more--)
    entries.push({ name: nameOf(random), content: 'x'.repeat(random.below(300_000)) });
  if (random.once(2)) Object.assign(random.pick(entries), random.pick(SPOILERS)(random));
  return entries;
}

const PARTS = [
  'b',
  'B',
  'b',
  'B',
  'a',
  'b',
  'A',
  'assets',
  '..',
  '.',
  '',
  'con',
  '\u00e9',
  'e\u0301',
  'x\\y',
  'a ',
  'C:',
  '\u202e',
  'plugin.wasm',
  'manifest.json',
];

function nameOf(random: Random): string {
  return Array.from({ length: random.once(2) ? 1 : 1 + random.below(3) }, () => random.pick(PARTS)).join('/');
}

const SPOILERS: readonly ((random: Random) => Partial<RawEntry>)[] = [
  (random) => ({ method: random.below(100) }),
  (random) => ({ flags: random.below(65_536) }),
  (random) => ({ mode: random.below(65_536) }),
  (random) => ({ crc32: random.next() }),
  (random) => ({ uncompressedSize: random.once(2) ? random.next() : random.below(1_000) }),
  (random) => ({ compressedSize: random.once(2) ? random.next() : random.below(1_000) }),
  (random) => ({ offset: random.once(2) ? random.next() : random.below(500) }),
  (random) => ({ localName: nameOf(random) }),
  (random) => ({ gap: Buffer.alloc(random.below(30)) }),
  (random) => ({ data: mutateBytes(deflateRawSync('x'.repeat(10_000)), random) }),
  (random) => ({ extra: Buffer.from(Array.from({ length: random.below(30) }, () => random.below(256))) }),
];

/** What is accepted must be the same package once it is packed again. */
async function checkPackage(bytes: Uint8Array): Promise<void> {
  const contents = await readPackage(bytes);
  const again = await mustHold(async () => readPackage(await zipFiles(contents.files)));
  strictEqual(again.digest, contents.digest, 'packed again, the package has another digest');
  const paths = [...contents.files.keys()];
  for (const path of paths) strictEqual(relative('/root', join('/root', path)), path, `${path} leads elsewhere`);
  strictEqual(
    new Set(paths.map((path) => path.toLowerCase())).size,
    paths.length,
    'two paths are one where case is ignored',
  );
}

async function tryManifest(random: Random): Promise<void> {
  await checkManifest(Buffer.from(JSON.stringify(mutateJson(aManifest(), random)) ?? 'null'));
}

async function tryManifestText(random: Random): Promise<void> {
  await checkManifest(mutateBytes(Buffer.from(JSON.stringify(aManifest())), random));
}

/** What is accepted must be the same manifest once it is written and read again. */
async function checkManifest(bytes: Uint8Array): Promise<void> {
  const manifest = parseManifest(bytes);
  const again = await mustHold(() => parseManifest(Buffer.from(JSON.stringify(manifest))));
  deepStrictEqual(again, manifest);
}

/** The reader must agree with the engine on whatever both accept; a bounded module must still be valid, and bounded. */
async function tryModule(random: Random, modules: readonly Uint8Array[]): Promise<void> {
  const bytes = mutateBytes(random.pick(modules), random);
  const module = readModule(bytes);
  const limited = limitModule(module, MEMORY_LIMIT_BYTES);
  const { memories } = await mustHold(() => readModule(limited.bytes));
  const pages = memories.reduce((sum, { maximum }) => sum + (maximum ?? Number.POSITIVE_INFINITY), 0);
  strictEqual(pages * 65_536 <= MEMORY_LIMIT_BYTES, true, `the bounded module may have ${pages} pages`);
  if (!WebAssembly.validate(bytes)) return;
  const compiled = await WebAssembly.compile(bytes);
  deepStrictEqual(
    module.imports.map(({ module: from, name, kind }) => ({ module: from, name, kind })),
    WebAssembly.Module.imports(compiled),
  );
  deepStrictEqual(
    module.exports.map(({ name, kind }) => ({ name, kind })),
    WebAssembly.Module.exports(compiled),
  );
  strictEqual(WebAssembly.validate(limited.bytes), true, 'the bounded module is not valid');
}

const MANIFEST = parseManifest(Buffer.from(JSON.stringify(aManifest())));

/** The whole way, without and with the cache. */
async function tryPrepare(random: Random, modules: readonly Uint8Array[]): Promise<void> {
  const wasm = mutateBytes(random.pick(modules.slice(0, 2)), random);
  const entries = new Map<string, Uint8Array>();
  const cache = {
    get: (key: string) => Promise.resolve(entries.get(key)),
    put: (key: string, bytes: Uint8Array) => Promise.resolve(void entries.set(key, bytes)),
  };
  const source = { manifest: MANIFEST, wasm, wasmDigest: createHash('sha256').update(wasm).digest('hex') };
  const made = await new Preparer({ cache, hostVersion: '0.1.0' }).prepare(source);
  const found = await mustHold(() => new Preparer({ cache, hostVersion: '0.1.0' }).prepare(source));
  deepStrictEqual({ ...found, module: undefined }, { ...made, module: undefined });
}
