import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { HostError } from '../../../src/errors.js';
import { parseManifest } from '../../../src/package/manifest.js';
import { readPackage } from '../../../src/package/read.js';
import { Preparer } from '../../../src/prepare/prepare.js';
import { aManifest } from '../../unit/package/a-package.js';

const FOLDER = join(process.cwd(), 'test/hostile/packages');
const MANIFEST = parseManifest(Buffer.from(JSON.stringify(aManifest())));

function filesOf(folder: string, extension: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(extension));
}

/** The file's name is the expected error: `<REASON>--<words of the message>`, a remark in parentheses aside. */
async function expectRefusal(name: string, refused: Promise<unknown>): Promise<void> {
  const [reason = '', rest = ''] = name.replace(/\.(hal9|wat|wasm)$/, '').split(/--(.*)/s);
  const error = await refused.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error, `${name} was accepted`).toBeInstanceOf(HostError);
  const { reason: found, message } = error as HostError;
  expect({ found, message: words(message) }).toEqual({
    found: reason,
    message: expect.stringContaining(words(withoutRemark(rest))) as unknown,
  });
  expect(message.length).toBeLessThan(10_000);
}

function withoutRemark(text: string): string {
  return text.replace(/-\([a-z0-9-]+\)$/, '');
}

function words(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}

async function prepareAlone(wasm: Uint8Array): Promise<unknown> {
  const cache = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
  return new Preparer({ cache, hostVersion: '0.1.0' }).prepare({
    manifest: MANIFEST,
    wasmDigest: '0'.repeat(64),
    wasm,
  });
}

describe('hostile packages are refused, by name', () => {
  test.each(filesOf(FOLDER, '.hal9'))('%s', (name) =>
    expectRefusal(name, readPackage(readFileSync(join(FOLDER, name)))),
  );
});

describe('hostile modules are refused, by name', () => {
  const folder = join(FOLDER, 'modules');
  test.each(filesOf(folder, '.wasm'))('%s', (name) =>
    expectRefusal(name, prepareAlone(readFileSync(join(folder, name)))),
  );
  test.each(filesOf(folder, '.wat'))('%s', async (name) =>
    expectRefusal(name, prepareAlone(await parse(readFileSync(join(folder, name), 'utf8')))),
  );
  test('no name that a module brought was run', () => {
    expect(Object.hasOwn(globalThis, 'PWNED')).toBe(false);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
