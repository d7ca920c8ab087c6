/**
 * Writes the hostile packages and modules of this folder. `npm run build && node dist/test/hostile/packages/generate.js`
 *
 * A file's name says what must happen: `<REASON>--<words of the message>`, the words in lower case with `-` for whatever else
 * stands between them. Modules that the text format can spell are kept as `modules/*.wat`, written by hand.
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { aManifest, EMPTY_MODULE, packageFiles } from '../../unit/package/a-package.js';
import { type RawEntry, type RawZip, rawZip } from './raw-zip.js';

const FOLDER = join(process.cwd(), 'test/hostile/packages');

/** What the manifest promises, and nothing that runs: a package is wrong in one thing alone, so that it is taken where that is not seen. */
const MODULE = await parse(`(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hal9:plugin/tools@0.1.0#execute") (param i32 i32 i32 i32) (result i32) unreachable))`);

const GOOD: readonly RawEntry[] = [...packageFiles(aManifest(), MODULE)].map(([name, content]) => ({ name, content }));

function withEntry(entry: RawEntry, zip: Partial<RawZip> = {}): Buffer {
  return rawZip({ entries: [...GOOD, entry], ...zip });
}

function withManifest(manifest: unknown): Buffer {
  return rawZip({ entries: [...packageFiles(manifest, MODULE)].map(([name, content]) => ({ name, content })) });
}

function withText(manifest: string | Buffer): Buffer {
  return rawZip({ entries: [{ name: 'manifest.json', content: manifest }, ...GOOD.slice(1)] });
}

const ZEROS = Buffer.alloc(1_048_576);

const PACKAGES: Record<string, Buffer> = {
  'PACKAGE_INVALID--has-the-component-..': withEntry({ name: '../escape.txt' }),
  'PACKAGE_INVALID--has-the-component-..-(in-the-middle)': withEntry({ name: 'assets/../../escape.txt' }),
  'PACKAGE_INVALID--has-the-component-.': withEntry({ name: './manifest.json' }),
  'PACKAGE_INVALID--is-absolute': withEntry({ name: '/etc/passwd' }),
  'PACKAGE_INVALID--begins-with-a-drive': withEntry({ name: 'C:escape.txt' }),
  'PACKAGE_INVALID--has-a-backslash': withEntry({ name: '..\\escape.txt' }),
  'PACKAGE_INVALID--has-a-nul': withEntry({ name: 'plugin.wasm\0.txt' }),
  'PACKAGE_INVALID--has-an-empty-component': withEntry({ name: 'assets//a.txt' }),
  'PACKAGE_INVALID--is-empty': withEntry({ name: '' }),
  'PACKAGE_INVALID--has-a-control-or-invisible-character': withEntry({ name: 'assets/\u202etxt.exe' }),
  'PACKAGE_INVALID--ends-in-a-dot-or-a-space': withEntry({ name: 'assets/a.txt.' }),
  'PACKAGE_INVALID--is-longer-than-240-bytes': withEntry({ name: `assets/${'x'.repeat(300)}` }),
  'PACKAGE_INVALID--neither-ascii-nor-announced-as-utf-8': withEntry({ name: 'caf\u00e9.txt', flags: 0 }),
  'PACKAGE_INVALID--has-a-name-that-is-not-utf-8': withEntry({ name: Buffer.from([0x61, 0xff, 0x62]) }),
  'PACKAGE_INVALID--has-a-second-name': withEntry({
    name: 'a.txt',
    extra: Buffer.from([0x75, 0x70, 0x0b, 0x00, 1, 0, 0, 0, 0, 0x62, 0x2e, 0x74, 0x78, 0x74, 0x73]),
  }),
  'PACKAGE_INVALID--is-there-twice': withEntry({ name: 'plugin.wasm', content: MODULE }),
  'PACKAGE_INVALID--only-case-or-composition-tells-them-apart': withEntry({ name: 'PLUGIN.wasm' }),
  'PACKAGE_INVALID--only-case-or-composition-tells-them-apart-(directories)': rawZip({
    entries: [...GOOD, { name: 'assets/a.txt' }, { name: 'Assets/b.txt' }],
  }),
  'PACKAGE_INVALID--one-is-a-file,-the-other-a-directory': rawZip({
    entries: [...GOOD, { name: 'a' }, { name: 'a/b' }],
  }),
  'PACKAGE_INVALID--is-a-symbolic-link': withEntry({ name: 'link', content: '/etc/passwd', mode: 0o120777 }),
  'PACKAGE_INVALID--has-the-file-type': withEntry({ name: 'fifo', mode: 0o010644 }),
  'PACKAGE_INVALID--is-encrypted': withEntry({ name: 'secret.txt', content: 'x', flags: 0x0801 }),
  'PACKAGE_INVALID--is-a-directory-with-content': withEntry({ name: 'assets/', content: 'x', mode: 0o040755 }),
  'PACKAGE_INVALID--has-the-unknown-compression-method-93': withEntry({ name: 'a.txt', content: 'x', method: 93 }),
  'PACKAGE_INVALID--unpacks-to-more-than-the-10-bytes': withEntry({
    name: 'bomb',
    content: 'x'.repeat(5_000),
    uncompressedSize: 10,
  }),
  'PACKAGE_INVALID--unpacks-to-5-bytes': withEntry({ name: 'short', content: 'hello', uncompressedSize: 10 }),
  'PACKAGE_INVALID--has-bytes-behind-its-deflate-data': withEntry({
    name: 'a.txt',
    content: 'hello',
    data: Buffer.concat([deflateRawSync('hello'), Buffer.from('behind')]),
  }),
  'PACKAGE_INVALID--is-not-well-formed-deflate-data': withEntry({
    name: 'a.txt',
    content: 'hello',
    data: Buffer.alloc(9, 0xff),
  }),
  'PACKAGE_INVALID--has-another-checksum': withEntry({ name: 'a.txt', content: 'hello', crc32: 1 }),
  'PACKAGE_INVALID--size-mismatch-for-stored-file': withEntry({
    name: 'a.txt',
    content: 'hello',
    method: 0,
    uncompressedSize: 4,
  }),
  'PACKAGE_INVALID--differs-between-its-local-header-and-the-central-directory': withEntry({
    name: 'a.txt',
    content: 'hello',
    localName: 'b.txt',
  }),
  'PACKAGE_INVALID--prefixed-or-hidden-bytes': rawZip({ entries: GOOD, prefix: Buffer.from('#!/bin/sh\n') }),
  'PACKAGE_INVALID--prefixed-or-hidden-bytes-(not-counted)': Buffer.concat([
    Buffer.from('MZ'),
    rawZip({ entries: GOOD }),
  ]),
  'PACKAGE_INVALID--prefixed-or-hidden-bytes-(between)': withEntry({ name: 'a.txt', gap: Buffer.from('hidden') }),
  'PACKAGE_INVALID--hidden-bytes-behind-the-last-entry': rawZip({ entries: GOOD, beforeEnd: Buffer.from('hidden') }),
  'PACKAGE_INVALID--has-trailing-bytes': rawZip({ entries: GOOD, suffix: Buffer.from('trailing') }),
  'PACKAGE_INVALID--has-trailing-bytes,-or-a-comment': rawZip({ entries: GOOD, comment: 'a comment' }),
  'PACKAGE_INVALID--belong-to-no-entry': rawZip({ entries: [...GOOD, { name: 'a' }], announcedEntries: 2 }),
  'PACKAGE_INVALID--is-not-a-zip-file': Buffer.from('this is no ZIP file'),
  'PACKAGE_INVALID--is-not-a-zip-file-(empty)': Buffer.alloc(0),
  'PACKAGE_INVALID--is-not-a-zip-file,-or-is-cut-short': rawZip({ entries: GOOD }).subarray(0, -23),
  'PACKAGE_INVALID--is-not-a-well-formed-zip-file': rawZip({ entries: GOOD, announcedEntries: 3 }),
  'PACKAGE_INVALID--in-the-zip64-format': zip64(),
  'PACKAGE_INVALID--overlaps-another-entry': overlapping(),
  'PACKAGE_INVALID--expected-manifest.json-at-the-root': rawZip({ entries: GOOD.slice(1) }),
  'PACKAGE_INVALID--pack-what-is-inside-the-directory': rawZip({
    entries: GOOD.map((entry) => ({ ...entry, name: `echo/${entry.name.toString()}` })),
  }),
  'PACKAGE_INVALID--files.wasm-the-package-has-no-file': rawZip({ entries: GOOD.slice(0, 1) }),
  'PACKAGE_TOO_LARGE--expected-at-most-1000-entries': rawZip({
    entries: [...GOOD, ...Array.from({ length: 1_000 }, (_, index) => ({ name: `a${index}`, method: 0 }))],
  }),
  'PACKAGE_TOO_LARGE--the-compression-ratio': withEntry({ name: 'zeros', content: ZEROS }),
  'PACKAGE_TOO_LARGE--expected-at-most-67108864-bytes': withEntry({
    name: 'huge',
    content: 'x',
    uncompressedSize: 0xffff_fff0,
  }),
  'MANIFEST_INVALID--the-component-..': withManifest(
    aManifest((manifest) => {
      manifest.files.wasm = '../../etc/passwd';
    }),
  ),
  'MANIFEST_INVALID--metadata.requirements.max_memory_mb-expected-a-number': withManifest(
    aManifest((manifest) => void Object.assign(manifest.metadata.requirements, { max_memory_mb: 'all' })),
  ),
  'MANIFEST_INVALID--metadata.requirements.required_permissions[0]-expected': withManifest(
    aManifest(
      (manifest) => void Object.assign(manifest.metadata.requirements, { required_permissions: ['Everything'] }),
    ),
  ),
  'MANIFEST_INVALID--expected-utf-8': withText(Buffer.from([0x7b, 0xff, 0x7d])),
  'MANIFEST_INVALID--found-it-twice': withText(
    JSON.stringify(aManifest()).replace('"api_version":1', '"api_version":1,"api_version":1'),
  ),
  'MANIFEST_INVALID--expected-no-member-of-that-name': withText('{"api_version":1,"__proto__":{"polluted":true}}'),
  'MANIFEST_INVALID--expected-at-most-32-levels': withText('['.repeat(20_000) + ']'.repeat(20_000)),
  'PACKAGE_TOO_LARGE--manifest.json-expected-at-most': withText(JSON.stringify({ text: pseudoRandomText(300_000) })),
};

/** One entry's data holds another entry, header and all: each byte of such a file can be unpacked many times. */
function overlapping(): Buffer {
  const inner: RawEntry = { name: 'inner.txt', content: 'hello' };
  const innerFile = rawZip({ entries: [inner] });
  const goodBytes = directoryStart(rawZip({ entries: GOOD }));
  const outer: RawEntry = { name: 'outer.bin', method: 0, content: innerFile.subarray(0, directoryStart(innerFile)) };
  const offset = goodBytes + 30 + 'outer.bin'.length;
  return rawZip({ entries: [...GOOD, outer, { ...inner, offset, centralOnly: true }] });
}

function directoryStart(file: Buffer): number {
  return file.readUInt32LE(file.length - 6);
}

/** Text that does not compress well, the same each time. */
function pseudoRandomText(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return String.fromCharCode(97 + ((state >>> 16) % 26));
  }).join('');
}

/** A locator that would send a reader to another directory. */
function zip64(): Buffer {
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  return rawZip({ entries: GOOD, beforeEnd: locator });
}

const HEADER = [...EMPTY_MODULE];
const OVERLONG = [0xff, 0xff, 0xff, 0xff, 0x1f];

const MODULES: Record<string, readonly number[]> = {
  'NOT_IMPLEMENTED--found-a-component': [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0],
  'MODULE_INVALID--expected-a-webassembly-binary': [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0],
  'MODULE_INVALID--expected-version-1': [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0],
  'MODULE_INVALID--unknown-section-99': [...HEADER, 99, 0],
  'MODULE_INVALID--repeated-or-out-of-order': [...HEADER, 5, 3, 1, 0, 1, 1, 1, 0],
  'MODULE_INVALID--the-memory-section-expected-9-bytes': [...HEADER, 5, 9, 1, 0],
  'MODULE_INVALID--more-than-32-bits': [...HEADER, 1, ...OVERLONG],
  'MODULE_INVALID--bytes-more-than-it-declares': [...HEADER, 5, 4, 1, 0, 1, 0],
  'MODULE_INVALID--expected-a-function-type': [...HEADER, 1, 2, 1, 0x40],
  'MODULE_INVALID--garbage-collected-or-recursive-types': [...HEADER, 1, 3, 1, 0x4e, 0],
  'MODULE_INVALID--expected-a-value-type': [...HEADER, 1, 5, 1, 0x60, 1, 0x01, 0],
  'MODULE_INVALID--uses-the-value-type-0x64': [...HEADER, 1, 6, 1, 0x60, 1, 0x64, 0x70, 0],
  'MODULE_INVALID--a-memory-with-a-page-size-of-its-own': [...HEADER, 5, 4, 1, 8, 1, 0],
  'MODULE_INVALID--unknown-flags': [...HEADER, 5, 3, 1, 0x10, 1],
  'MODULE_INVALID--is-impossible': [...HEADER, 5, 5, 1, 1, 2, 1, 0]
    .slice(0, 14)
    .map((byte, index) => (index === 9 ? 4 : byte)),
  'MODULE_INVALID--is-not-utf-8': [...HEADER, 0, 3, 2, 0xff, 0xfe],
  'MODULE_INVALID--type-7-is-not-among-the-0-types': [...HEADER, 3, 2, 1, 7],
  'MODULE_INVALID--cannot-stand-in-a-constant-expression': [...HEADER, 6, 5, 1, 0x7f, 0, 0x10, 0x0b],
  'MODULE_INVALID--expected-1-function-bodies': [...HEADER, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  'MODULE_INVALID--the-start-function-3-is-not-among': [...HEADER, 8, 1, 3],
  'MODULE_INVALID--names-memory-5-of-0': [...HEADER, 7, 5, 1, 1, 0x6d, 2, 5],
  'MODULE_LIMIT--at-most-10000-types,-found-4294967295': [...HEADER, 1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-100000-functions': [...HEADER, 3, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-1000-imports': [...HEADER, 2, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-10000-exports': [...HEADER, 7, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-10000-globals': [...HEADER, 6, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-16-tables': [...HEADER, 4, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-16-memories': [...HEADER, 5, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-100000-element-segments': [...HEADER, 9, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-100000-data-segments': [...HEADER, 11, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-1000-parameters': [...HEADER, 1, 7, 1, 0x60, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-1024-bytes-in-the-name': [...HEADER, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
  'MODULE_LIMIT--at-most-50000-locals-in-a-function': [
    ...[...HEADER, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
    ...[10, 10, 1, 8, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b],
  ],
  'MODULE_LIMIT--at-most-1000-custom-sections': [...MODULE, ...Array.from({ length: 1_001 }, () => [0, 1, 0]).flat()],
  'MODULE_INVALID--announced,-found-0-bytes': [...HEADER, 1, 1, 5],
};

mkdirSync(join(FOLDER, 'modules'), { recursive: true });
for (const [folder, extension] of [
  [FOLDER, '.hal9'],
  [join(FOLDER, 'modules'), '.wasm'],
] as const) {
  for (const name of readdirSync(folder)) if (name.endsWith(extension)) rmSync(join(folder, name));
}
for (const [name, bytes] of Object.entries(PACKAGES)) writeFileSync(join(FOLDER, `${name}.hal9`), bytes);
for (const [name, bytes] of Object.entries(MODULES))
  writeFileSync(join(FOLDER, 'modules', `${name}.wasm`), Uint8Array.from(bytes));
