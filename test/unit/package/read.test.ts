import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PACKAGE_LIMITS } from '../../../src/limits.js';
import { assemble, digestOf } from '../../../src/package/contents.js';
import { readDirectory } from '../../../src/package/directory.js';
import { readPackage } from '../../../src/package/read.js';
import { zipFiles } from '../../../src/package/zip-write.js';
import { rawZip } from '../../hostile/packages/raw-zip.js';
import { aManifest, EMPTY_MODULE, packageFiles } from './a-package.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hal9-read-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function writeDirectory(files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, content] of files) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

describe('readPackage', () => {
  test('reads what was packed', async () => {
    const contents = await readPackage(await zipFiles(packageFiles()));
    expect(contents.manifest.metadata.name).toBe('Echo');
    expect(contents.wasm).toEqual(EMPTY_MODULE);
    expect([...contents.files.keys()].sort()).toEqual(['manifest.json', 'plugin.wasm']);
  });

  test('refuses assets that are too large together, and counts a file with two names once', async () => {
    const content = new Uint8Array(23 * 2 ** 20);
    const read = (assets: Record<string, string>) => {
      const files = packageFiles(aManifest((draft) => void Object.assign(draft.files, { assets })));
      for (const path of Object.values(assets)) files.set(path, content);
      return assemble(files);
    };
    await expect(read({ a: 'a', b: 'b', c: 'c' })).rejects.toMatchObject({
      reason: 'PACKAGE_TOO_LARGE',
      message: `files.assets, together: expected at most ${PACKAGE_LIMITS.maxAssetsBytes} bytes, found ${3 * content.length}`,
    });
    expect((await read({ a: 'a', b: 'b', c: 'b' })).manifest.files.assets).toHaveProperty('c');
  });

  test('its digest does not depend on compression, nor on the order of entries', async () => {
    const entries = [...packageFiles()].map(([name, content]) => ({ name, content }));
    const packed = await readPackage(await zipFiles(packageFiles()));
    const stored = await readPackage(rawZip({ entries: entries.reverse().map((entry) => ({ ...entry, method: 0 })) }));
    expect(stored.digest).toBe(packed.digest);
  });

  test('its digest depends on every content and every path', async () => {
    const digests = await Promise.all([
      digestOf(packageFiles()),
      digestOf(
        packageFiles(
          aManifest((manifest) => {
            manifest.metadata.version = '1.0.1';
          }),
        ),
      ),
      digestOf(new Map([...packageFiles(), ['a', Buffer.from('')]])),
      digestOf(new Map([...packageFiles(), ['b', Buffer.from('')]])),
    ]);
    expect(new Set(digests).size).toBe(4);
  });

  test('takes entries for directories and streamed entries', async () => {
    const descriptor = Buffer.alloc(16);
    const entries = [...packageFiles()].map(([name, content]) => ({ name, content }));
    const zip = rawZip({
      entries: [
        ...entries,
        { name: 'assets/', method: 0, mode: 0o040755 },
        { name: 'assets/a', content: 'a', flags: 0x0808, gap: descriptor },
      ],
    });
    expect([...(await readPackage(zip)).files.keys()]).toEqual(['manifest.json', 'plugin.wasm', 'assets/a']);
  });

  test('refuses a package that is too large unpacked, whatever its entries are alone', async () => {
    const data = Buffer.alloc(700_000);
    const entries = Array.from({ length: 5 }, (_, index) => ({
      name: `big${index}`,
      data,
      uncompressedSize: 60 * 1_048_576,
    }));
    await expect(readPackage(rawZip({ entries }))).rejects.toMatchObject({
      reason: 'PACKAGE_TOO_LARGE',
      message: expect.stringContaining('the package, unpacked') as unknown,
    });
  });

  test('a file of the package shares its memory with no other bytes', async () => {
    const contents = await readPackage(await zipFiles(packageFiles()));
    for (const content of contents.files.values()) expect(content.buffer.byteLength).toBe(content.length);
  });
});

describe('readDirectory', () => {
  test('reads the same package as packed', async () => {
    writeDirectory(packageFiles());
    const contents = await readDirectory(folder);
    expect(contents.digest).toBe((await readPackage(await zipFiles(packageFiles()))).digest);
  });

  test('what the manifest does not name does not matter', async () => {
    writeDirectory(new Map([...packageFiles(), ['target/debug/x', Buffer.from('x')], ['.git/HEAD', Buffer.from('x')]]));
    symlinkSync('/', join(folder, 'node_modules'));
    expect([...(await readDirectory(folder)).files.keys()]).toEqual(['manifest.json', 'plugin.wasm']);
  });

  test('refuses a symbolic link, also as a directory on the way', async () => {
    writeDirectory(
      packageFiles(
        aManifest((manifest) => {
          manifest.files.readme = 'docs/README.md';
        }),
      ),
    );
    mkdirSync(join(folder, 'real'));
    writeFileSync(join(folder, 'real/README.md'), 'x');
    symlinkSync('real', join(folder, 'docs'));
    await expect(readDirectory(folder)).rejects.toThrow('"docs/README.md" is, or lies behind, a symbolic link');
    rmSync(join(folder, 'plugin.wasm'));
    symlinkSync('/etc/hostname', join(folder, 'plugin.wasm'));
    await expect(readDirectory(folder)).rejects.toThrow('"plugin.wasm" is, or lies behind, a symbolic link');
  });

  test('refuses what is not a regular file', async () => {
    writeDirectory(
      packageFiles(
        aManifest((manifest) => {
          manifest.files.readme = 'docs';
        }),
      ),
    );
    mkdirSync(join(folder, 'docs'));
    await expect(readDirectory(folder)).rejects.toThrow('"docs" is not a regular file');
  });

  test('no message holds a path of the host', async () => {
    const faults: unknown[] = [];
    await readDirectory(join(folder, 'missing')).catch((error: unknown) => faults.push(error));
    await readDirectory(folder).catch((error: unknown) => faults.push(error));
    expect(faults).toHaveLength(2);
    for (const fault of faults) expect(String(fault)).not.toContain(folder);
  });
});
