import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pack, packBytes } from '../../../src/package/pack.js';
import { readPackage } from '../../../src/package/read.js';
import { aManifest, EMPTY_MODULE } from './a-package.js';

const ECHO = 'examples/echo/echo.wasm';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hal9-pack-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A plugin's folder with a module that carries metadata and one of each kind of file. */
async function aFolder(): Promise<string> {
  const directory = join(folder, 'echo');
  await mkdir(join(directory, 'assets', 'words'), { recursive: true });
  await mkdir(join(directory, 'examples'));
  await cp(ECHO, join(directory, 'echo.wasm'));
  await writeFile(join(directory, 'README.md'), '# Echo\n');
  await writeFile(join(directory, 'LICENSE'), 'MIT\n');
  await writeFile(join(directory, 'examples', 'call.json'), '{}');
  await writeFile(join(directory, 'examples', 'run.rs'), 'fn main() {}');
  await writeFile(join(directory, 'assets', 'words', 'en.txt'), 'a\n');
  await writeFile(join(directory, 'notes.txt'), 'not part of it');
  return directory;
}

describe('packBytes', () => {
  test('packBytes writes the manifest from the metadata in the module', async () => {
    const { bytes, manifest, digest } = await packBytes({ wasmPath: ECHO });
    expect(manifest.metadata).toMatchObject({
      name: 'echo',
      license: 'MIT OR Apache-2.0',
      capabilities: [
        { type: 'NeuronType', config: { layer: 'L2', neuron_type: 'echo' } },
        { type: 'ToolProvider', config: { tool_name: 'echo', parameters: [{ name: 'text', required: true }] } },
      ],
    });
    const read = await readPackage(bytes);
    expect(read.manifest).toEqual(manifest);
    expect(read.digest).toBe(digest);
    expect(Buffer.compare(read.wasm, await readFile(ECHO))).toBe(0);
  });

  test('packBytes takes what the files of a folder are named for, and nothing else', async () => {
    const { bytes, manifest } = await packBytes({ directory: await aFolder() });
    expect(manifest.files).toEqual({
      wasm: 'plugin.wasm',
      readme: 'README.md',
      license: 'LICENSE',
      examples: ['examples/call.json'],
      assets: { 'words/en.txt': 'assets/words/en.txt' },
    });
    expect([...(await readPackage(bytes)).files.keys()].sort()).toEqual(
      ['LICENSE', 'README.md', 'assets/words/en.txt', 'examples/call.json', 'manifest.json', 'plugin.wasm'].sort(),
    );
  });

  test('packBytes gives the same bytes again, in another time zone too', async () => {
    const directory = await aFolder();
    const { bytes } = await packBytes({ directory });
    const program = `import { packBytes } from ${JSON.stringify(new URL('../../../src/package/pack.js', import.meta.url))};
      process.stdout.write((await packBytes({ directory: ${JSON.stringify(directory)} })).bytes);`;
    for (const zone of ['Pacific/Auckland', 'America/Los_Angeles']) {
      const again = execFileSync(process.execPath, ['--input-type=module', '-e', program], { env: { TZ: zone } });
      expect(Buffer.compare(again, bytes)).toBe(0);
    }
  });

  test('packBytes prefers the module that cargo built, in the folder or in the workspace around it', async () => {
    const directory = await aFolder();
    await writeFile(
      join(directory, 'Cargo.toml'),
      '[package]\nversion = "1.0.0"\nname = "my-echo"\n\n[dependencies]\n',
    );
    const built = join(folder, 'target', 'wasm32-wasip1', 'release');
    await mkdir(built, { recursive: true });
    await cp('examples/echo/echo.unknown.wasm', join(built, 'my_echo.wasm'));
    const { bytes } = await packBytes({ directory });
    const module = await readFile('examples/echo/echo.unknown.wasm');
    expect(Buffer.compare((await readPackage(bytes)).wasm, module)).toBe(0);
    await writeFile(join(directory, 'Cargo.lock'), '');
    const alone = await packBytes({ directory });
    expect(Buffer.compare((await readPackage(alone.bytes)).wasm, await readFile(ECHO))).toBe(0);
  });

  test('packBytes keeps a manifest written by hand that agrees with the module', async () => {
    const directory = await aFolder();
    const { manifest } = await packBytes({ directory });
    manifest.metadata.capabilities.reverse();
    const byHand = JSON.stringify({ ...manifest, files: { wasm: 'echo.wasm', readme: 'README.md' } });
    await writeFile(join(directory, 'manifest.json'), byHand);
    const { files } = await readPackage((await packBytes({ directory })).bytes);
    expect(Buffer.from(files.get('manifest.json') as Uint8Array).toString()).toBe(byHand);
    expect([...files.keys()].sort()).toEqual(['README.md', 'echo.wasm', 'manifest.json']);
  });

  test('packBytes refuses a manifest written by hand that disagrees with the module, field by field', async () => {
    const directory = await aFolder();
    const { manifest } = await packBytes({ directory });
    const byHand = structuredClone(manifest);
    byHand.metadata.version = '9.9.9';
    byHand.metadata.requirements.required_permissions.push('SystemTime');
    await writeFile(join(directory, 'manifest.json'), JSON.stringify({ ...byHand, files: { wasm: 'echo.wasm' } }));
    await expect(packBytes({ directory })).rejects.toMatchObject({
      reason: 'MANIFEST_INVALID',
      message: expect.stringMatching(
        /metadata\.version \("\\"9\.9\.9\\"" there, .* in the module\), metadata\.requirements\.required_permissions\[0\]/,
      ),
    });
  });

  test('packBytes packs a module without metadata only with a manifest', async () => {
    const directory = join(folder, 'plain');
    await mkdir(directory);
    await writeFile(join(directory, 'plugin.wasm'), EMPTY_MODULE);
    await expect(packBytes({ directory })).rejects.toMatchObject({
      reason: 'PACKAGE_INVALID',
      message: expect.stringContaining('carries no metadata'),
    });
    await writeFile(join(directory, 'manifest.json'), JSON.stringify(aManifest()));
    expect((await packBytes({ directory })).manifest.metadata.name).toBe('Echo');
  });

  test('packBytes refuses a link out of the folder', async () => {
    const directory = await aFolder();
    await writeFile(join(folder, 'secret'), 'secret');
    await symlink(join(folder, 'secret'), join(directory, 'assets', 'leak'));
    await expect(packBytes({ directory })).rejects.toMatchObject({
      reason: 'PACKAGE_INVALID',
      message: expect.stringContaining('symbolic link'),
    });
  });

  test('packBytes says what to do where there is no module, or no way to tell which', async () => {
    await expect(packBytes({ directory: folder })).rejects.toThrow(/found none: build it first/);
    await writeFile(join(folder, 'a.wasm'), EMPTY_MODULE);
    await writeFile(join(folder, 'b.wasm'), EMPTY_MODULE);
    await expect(packBytes({ directory: folder })).rejects.toThrow(/expected one module in the directory, found 2/);
    await expect(packBytes({})).rejects.toThrow(/found neither/);
  });
});

describe('pack', () => {
  test('pack writes the file whole, and nothing beside it', async () => {
    const out = join(folder, 'made', 'echo.hal9');
    const { path, bytes } = await pack({ wasmPath: ECHO, out });
    expect(path).toBe(out);
    expect(await readdir(join(folder, 'made'))).toEqual(['echo.hal9']);
    expect(Buffer.compare(await readFile(out), bytes)).toBe(0);
  });
});
