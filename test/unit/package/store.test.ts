import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assemble } from '../../../src/package/contents.js';
import { DataDirectory } from '../../../src/package/data-directory.js';
import type { IndexEntry } from '../../../src/package/store.js';
import { zipFiles } from '../../../src/package/zip-write.js';
import { aManifest, PLUGIN_ID, packageFiles } from './a-package.js';

let root: string;
let open: DataDirectory[];
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'hal9-data-')), 'data');
  open = [];
});
afterEach(async () => {
  for (const directory of open) await directory.close();
  rmSync(join(root, '..'), { recursive: true });
});

async function openDirectory(): Promise<DataDirectory> {
  const directory = await DataDirectory.open(root);
  open.push(directory);
  return directory;
}

async function reopen(): Promise<DataDirectory> {
  for (const directory of open.splice(0)) await directory.close();
  return openDirectory();
}

function entryFor(digest: string): IndexEntry {
  const state = { active: true, config: '{}', installedAtMs: 1_700_000_000_000, signedBy: [], grants: {} };
  return { id: PLUGIN_ID, version: '1.0.0', digest, ...state };
}

/** A process that takes the directory, says so, and holds it until its input ends. */
function holder() {
  const script = `
    import { DataDirectory } from ${JSON.stringify(new URL('../../../src/package/data-directory.js', import.meta.url).href)};
    const directory = await DataDirectory.open(${JSON.stringify(root)}).catch((error) => {
      console.log(error.reason ?? String(error));
      process.exit(0);
    });
    console.log('held');
    process.stdin.on('data', async () => { await directory.close(); process.exit(0); });
    process.stdin.on('end', () => process.exit(0));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = new Promise<string>((resolve) =>
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim())),
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return { child, said, ended };
}

describe('DataDirectory', () => {
  test('makes a directory that its owner alone can enter, with an empty index', async () => {
    const directory = await openDirectory();
    expect(statSync(root).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, 'plugins.json')).mode & 0o777).toBe(0o600);
    expect(await directory.store.readIndex()).toEqual([]);
  });

  test('refuses a second use by this process and by another, naming the pid', async () => {
    await openDirectory();
    await expect(DataDirectory.open(root)).rejects.toMatchObject({
      reason: 'DATA_DIR_LOCKED',
      details: { pid: String(process.pid) },
    });
    const { said, ended } = holder();
    expect(await said).toBe('DATA_DIR_LOCKED');
    await ended;
  });

  test('can be opened again after close, any number of times, without gathering files', async () => {
    await openDirectory();
    for (let round = 0; round < 5; round++) await reopen();
    expect(readdirSync(join(root, 'lock'))).toEqual(['6']);
  });

  test('takes over from a process that was killed', async () => {
    const { child, said, ended } = holder();
    expect(await said).toBe('held');
    await expect(DataDirectory.open(root)).rejects.toMatchObject({ details: { pid: String(child.pid) } });
    child.kill('SIGKILL');
    await ended;
    await openDirectory();
  });

  test('is not fooled by a pid that another process has now', async () => {
    await openDirectory();
    await open.pop()?.close();
    const [generation] = readdirSync(join(root, 'lock'));
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // Our own pid is alive, but the process that held the lock started at another moment.
    writeFileSync(
      join(root, 'lock', generation as string),
      JSON.stringify({ pid: process.pid, startTicks: '1', bootId }),
    );
    await openDirectory();
  });

  test('takes over from a lock that was cut short by a crash', async () => {
    await openDirectory();
    await open.pop()?.close();
    const [generation] = readdirSync(join(root, 'lock'));
    writeFileSync(join(root, 'lock', generation as string), '');
    await openDirectory();
  });

  test('of several processes that take over a dead lock at once, one gets it', async () => {
    const first = holder();
    expect(await first.said).toBe('held');
    first.child.kill('SIGKILL');
    await first.ended;
    const rivals = Array.from({ length: 6 }, () => holder());
    const said = await Promise.all(rivals.map((rival) => rival.said));
    expect(said.filter((word) => word === 'held')).toEqual(['held']);
    expect(said.filter((word) => word === 'DATA_DIR_LOCKED')).toHaveLength(5);
    for (const rival of rivals) rival.child.stdin.end();
    await Promise.all(rivals.map((rival) => rival.ended));
  });

  test('refuses another schema, a foreign directory, and plugins without a schema', async () => {
    const directory = await openDirectory();
    await directory.store.writeIndex([entryFor('a'.repeat(64))]);
    await directory.close();
    writeFileSync(join(root, 'schema'), '2\n');
    await expect(DataDirectory.open(root)).rejects.toMatchObject({ reason: 'DATA_DIR_SCHEMA' });
    rmSync(join(root, 'schema'));
    await expect(DataDirectory.open(root)).rejects.toMatchObject({ reason: 'DATA_DIR_DAMAGED' });
    writeFileSync(join(root, 'my-thesis.txt'), 'x');
    await expect(DataDirectory.open(root)).rejects.toMatchObject({ reason: 'DATA_DIR_SCHEMA' });
    expect(existsSync(join(root, 'my-thesis.txt'))).toBe(true);
    rmSync(join(root, 'my-thesis.txt'));
  });

  test('removes what a crash left, and keeps what the index names', async () => {
    const directory = await openDirectory();
    const kept = await assemble(packageFiles());
    const lost = await assemble(
      packageFiles(
        aManifest((manifest) => {
          manifest.metadata.version = '2.0.0';
        }),
      ),
    );
    await directory.store.put(kept);
    await directory.store.put(lost);
    await directory.store.writeIndex([entryFor(kept.digest)]);
    writeFileSync(join(root, 'aside', 'half-written'), 'x');
    const { store } = await reopen();
    expect(readdirSync(join(root, 'aside'))).toEqual([]);
    expect(readdirSync(join(root, 'packages')).sort()).toEqual([`${kept.digest}.hal9`, `${kept.digest}.json`]);
    expect((await store.load(kept.digest)).digest).toBe(kept.digest);
  });

  test('a process that dies while it writes the index leaves the old or the new one', async () => {
    await openDirectory();
    await open.pop()?.close();
    const script = `
      import { DataDirectory } from ${JSON.stringify(new URL('../../../src/package/data-directory.js', import.meta.url).href)};
      const { store } = await DataDirectory.open(${JSON.stringify(root)});
      const entry = ${JSON.stringify(entryFor('b'.repeat(64)))};
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 5 + Math.random() * 30);
      for (let count = 0; ; count++) await store.writeIndex(Array.from({ length: 1 + count % 50 }, () => entry));
    `;
    for (let round = 0; round < 3; round++) {
      expect(() =>
        execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' }),
      ).toThrow();
      const { store } = await reopen();
      for (const entry of await store.readIndex()) expect(entry.id).toBe(PLUGIN_ID);
    }
  });
});

describe('PackageStore', () => {
  test('keeps the original file, and packs a directory', async () => {
    const { store } = await openDirectory();
    const contents = await assemble(packageFiles());
    const original = await zipFiles(packageFiles());
    await store.put(contents, original);
    expect(readFileSync(join(root, 'packages', `${contents.digest}.hal9`)).equals(Buffer.from(original))).toBe(true);
    await store.put(contents);
    expect((await store.load(contents.digest)).manifest).toEqual(contents.manifest);
  });

  test('a start needs the summary alone, and makes it again where it is damaged', async () => {
    const { store } = await openDirectory();
    const contents = await assemble(packageFiles());
    await store.put(contents);
    const path = join(root, 'packages', contents.digest);
    const stored = await store.open(contents.digest);
    expect([stored.manifest, stored.wasmDigest]).toEqual([contents.manifest, contents.wasmDigest]);
    writeFileSync(`${path}.json`, readFileSync(`${path}.json`, 'utf8').replace('Echo', 'Evil'));
    expect((await store.open(contents.digest)).manifest).toEqual(contents.manifest);
    expect(readFileSync(`${path}.json`, 'utf8')).toContain('Echo');
    rmSync(`${path}.hal9`);
    expect((await store.open(contents.digest)).manifest).toEqual(contents.manifest);
    await expect(stored.load()).rejects.toMatchObject({ reason: 'DATA_DIR_DAMAGED' });
  });

  test('a package that is not what its name says is damaged', async () => {
    const { store } = await openDirectory();
    const contents = await assemble(packageFiles());
    await store.put(contents);
    const other = await zipFiles(
      packageFiles(
        aManifest((manifest) => {
          manifest.metadata.version = '9.0.0';
        }),
      ),
    );
    writeFileSync(join(root, 'packages', `${contents.digest}.hal9`), other);
    await expect(store.load(contents.digest)).rejects.toMatchObject({ reason: 'DATA_DIR_DAMAGED' });
  });

  test.each(['', '{', '[]', '{"plugins":[{"id":1}]}', '{"plugins":[],"more":1}'])(
    'a damaged index is an error: %j',
    async (text) => {
      const { store } = await openDirectory();
      writeFileSync(join(root, 'plugins.json'), text);
      await expect(store.readIndex()).rejects.toMatchObject({ reason: 'DATA_DIR_DAMAGED' });
      await open.pop()?.close();
      await expect(DataDirectory.open(root)).rejects.toMatchObject({ reason: 'DATA_DIR_DAMAGED' });
      expect(readFileSync(join(root, 'plugins.json'), 'utf8')).toBe(text);
    },
  );

  test('a missing index is an error', async () => {
    await openDirectory();
    await open.pop()?.close();
    rmSync(join(root, 'plugins.json'));
    await expect(DataDirectory.open(root)).rejects.toMatchObject({ reason: 'DATA_DIR_DAMAGED' });
  });

  test('of index writes that are not waited for, the last call wins', async () => {
    const { store } = await openDirectory();
    const writes = Array.from({ length: 20 }, (_, index) =>
      store.writeIndex([{ ...entryFor('c'.repeat(64)), installedAtMs: index }]),
    );
    await Promise.all(writes);
    expect((await store.readIndex())[0]?.installedAtMs).toBe(19);
  });

  test('takes nothing but digests as names', async () => {
    const { store, cache } = await openDirectory();
    await expect(store.load('../../etc/passwd')).rejects.toThrow();
    await expect(cache.get('../schema')).rejects.toThrow('expected 64 hex digits');
  });
});

describe('PreparedCache', () => {
  const key = 'd'.repeat(64);

  test('answers what was put, and nothing for what was not', async () => {
    const { cache } = await openDirectory();
    expect(await cache.get(key)).toBeUndefined();
    await cache.put(key, Uint8Array.of(1, 2, 3));
    expect(Array.from((await cache.get(key)) ?? [])).toEqual([1, 2, 3]);
  });

  test('a damaged entry counts as absent, wherever it is damaged', async () => {
    const { cache } = await openDirectory();
    await cache.put(key, Uint8Array.of(1, 2, 3));
    const path = join(root, 'prepared', key);
    const whole = readFileSync(path);
    for (let index = 0; index < whole.length; index++) {
      const damaged = Buffer.from(whole);
      damaged[index] = (damaged[index] as number) ^ 1;
      writeFileSync(path, damaged);
      expect(await cache.get(key)).toBeUndefined();
      writeFileSync(path, whole.subarray(0, index));
      expect(await cache.get(key)).toBeUndefined();
    }
  });

  test('retain removes the others', async () => {
    const { cache } = await openDirectory();
    await cache.put(key, Uint8Array.of(1));
    await cache.put('e'.repeat(64), Uint8Array.of(2));
    expect(await cache.retain(new Set([key]))).toBe(1);
    expect(readdirSync(join(root, 'prepared'))).toEqual([key]);
  });
});
