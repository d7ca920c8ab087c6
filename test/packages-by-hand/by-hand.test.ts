/**
 * Packages made without the command. The `.hal9` files here were made of one folder by Info-ZIP's zip 3.0 (`zip -r`, to a pipe,
 * `-0 -X`, `-9 -D`) and by Python 3 (`shutil.make_archive`, `zipfile` to a file and to a pipe).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packBytes } from '../../src/package/pack.js';
import { readPackage } from '../../src/package/read.js';
import { ServerProcess } from '../harness/server-process.js';

const FOLDER = 'test/packages-by-hand';
const PACKAGES = readdirSync(FOLDER).filter((name) => name.endsWith('.hal9'));
const DIGEST = 'd5edc77a594ca3dccb2696afb00b36409d1beb2f956bccc78f4a05f4124ebcdb';

let unpacked: string;
beforeAll(async () => {
  unpacked = mkdtempSync(join(tmpdir(), 'hal9-by-hand-'));
  const { files } = await readPackage(readFileSync(join(FOLDER, 'zip.hal9')));
  for (const [path, content] of files) {
    mkdirSync(dirname(join(unpacked, path)), { recursive: true });
    writeFileSync(join(unpacked, path), content);
  }
});
afterAll(() => rmSync(unpacked, { recursive: true }));

describe('a package by hand', () => {
  test.each(PACKAGES)('%s is read, with the digest of all', async (name) => {
    expect((await readPackage(readFileSync(join(FOLDER, name)))).digest).toBe(DIGEST);
  });

  test('is what the command packs of the same folder', async () => {
    expect((await packBytes({ directory: unpacked })).digest).toBe(DIGEST);
  });

  test('is installed, whoever made it, and runs', async () => {
    const server = await ServerProcess.start();
    const client = server.connect();
    try {
      for (const [index, name] of PACKAGES.entries()) {
        const { plugin, changed } = await client.installPlugin(readFileSync(join(FOLDER, name)));
        expect([plugin?.digest, changed]).toEqual([DIGEST, index === 0]);
      }
      await client.activatePlugin('by-hand');
      expect((await client.invokeTool({ tool: 'answer' })).result?.value).toBe('"by hand"\n');
    } finally {
      client.close();
      await server.stop();
    }
  });

  const tools: [string, string[]][] = [
    ['zip', ['-q', '-r', 'made.hal9', '.']],
    [
      'python3',
      ['-m', 'zipfile', '-c', 'made.hal9', 'manifest.json', 'plugin.wasm', 'README.md', 'assets', 'examples'],
    ],
  ];
  describe.each(tools)('by %s of this machine', (tool, args) => {
    test.skipIf(spawnSync(tool, ['--help']).status !== 0)('is read', async () => {
      execFileSync(tool, args, { cwd: unpacked });
      const made = join(unpacked, 'made.hal9');
      const bytes = readFileSync(made);
      rmSync(made);
      expect((await readPackage(bytes)).digest).toBe(DIGEST);
    });
  });
});
