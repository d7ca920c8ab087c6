import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { readPackage } from '../../src/package/read.js';
import { zipFiles } from '../../src/package/zip-write.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { type TestKey, testKey } from '../harness/signing.js';
import { idOf } from '../harness/wat-plugin.js';
import { hal9, type Ran } from '../unit/cli/command.js';

/** A server as operators run it, the real command against it, and packages signed by keys made on the spot. */
// Commands that start Node a dozen times, on a machine that may have other work.
vi.setConfig({ testTimeout: 60_000 });
let folder: string;
let server: ServerProcess;
let client: Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hal9-signatures-'));
  server = await ServerProcess.start({ development: false });
  client = server.connect();
});
afterAll(async () => {
  client.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const against = (...args: string[]): Promise<Ran> => hal9(args, { env: { HAL9_SERVER: server.grpc }, cwd: folder });

/** A package in a file of the folder. */
async function inFile(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${name}.hal9`);
  writeFileSync(path, bytes);
  return path;
}

const trust = (key: TestKey, name: string, bounds: { pluginIds?: string[]; authors?: string[] } = {}) =>
  client.trustKey({ publicKey: key.publicKey, name, ...bounds });

/** The same files, one of them changed. */
async function changed(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  const { files } = await readPackage(bytes);
  const content = Buffer.from(files.get(path) as Uint8Array);
  const text = content.toString().replace('A guest made for a test.', 'A guest made for an evil.');
  return zipFiles(new Map(files).set(path, Buffer.from(text)));
}

describe('hal9 plugin install', () => {
  test.each([
    ['SIGNATURE_MISSING', 'hal9 plugin sign PACKAGE --key FILE', async () => packPuppet({ name: 'refused' })],
    [
      'SIGNATURE_INVALID',
      'changed after it was signed',
      async () => changed(await testKey().sign(await packPuppet({ name: 'refused' })), 'manifest.json'),
    ],
    ['KEY_UNTRUSTED', 'hal9 key trust ', async () => testKey().sign(await packPuppet({ name: 'refused' }))],
    [
      'KEY_REVOKED',
      'which was revoked on 2',
      async () => {
        const key = testKey();
        await trust(key, 'revoked');
        await client.revokeKey(key.keyId);
        return key.sign(await packPuppet({ name: 'refused' }));
      },
    ],
  ])('refuses with %s, exit status 4 and "%s"', async (reason, next, make) => {
    const ran = await against('plugin', 'install', await inFile('refused', await make()));
    expect([ran.status, ran.stderr]).toEqual([
      4,
      expect.stringMatching(new RegExp(`^hal9: ${reason}: refused 1\\.0\\.0 |^hal9: ${reason}: the signature`)),
    ]);
    expect(ran.stderr).toContain(next);
    expect((await client.listPlugins()).plugins).toEqual([]);
  });

  test('names the exact command that makes it work', async () => {
    const key = testKey();
    const file = await inFile('works', await key.sign(await packPuppet({ name: 'works' })));
    const refused = await against('plugin', 'install', file);
    const [, command = ''] = /: (hal9 key trust \S+ --name NAME)\n$/.exec(refused.stderr) ?? [];
    expect((await against(...command.split(' ').slice(1))).status).toBe(0);
    expect((await against('plugin', 'install', file)).status).toBe(0);
    const { plugin } = await client.getPlugin('works');
    expect(plugin).toMatchObject({ unsigned: false, signers: [{ keyId: key.keyId, name: 'NAME' }] });
    expect((await against('plugin', 'list')).stdout).toMatch(/^works .* NAME +[-0-9a-f]{36}$/m);
    expect((await against('plugin', 'info', 'works')).stdout).toContain(`signed by     NAME (${key.keyId})`);
    expect(await server.metrics()).toMatch(/^hal9_unsigned_plugins 0$/m);
    await client.uninstallPlugin('works');
  });

  test('does not count the signature inside a manifest', async () => {
    const { files } = await readPackage(await packPuppet({ name: 'inside' }));
    const manifest = JSON.parse(Buffer.from(files.get('manifest.json') as Uint8Array).toString()) as object;
    const signature = { algorithm: 'ed25519', signature: 'AA==', public_key: testKey().base64 };
    const text = JSON.stringify({ ...manifest, signature });
    const bytes = await zipFiles(new Map(files).set('manifest.json', Buffer.from(text)));
    const refusal = client.installPlugin(bytes);
    await expect(refusal).rejects.toMatchObject({ reason: 'SIGNATURE_MISSING' });
    await expect(refusal).rejects.toThrow('the "signature" in its manifest does not count');
  });

  test('takes another set of signatures of the same contents, while the plugin is active', async () => {
    const [first, second] = [testKey(), testKey()];
    await trust(first, 'first');
    await trust(second, 'second');
    const bytes = await first.sign(await packPuppet({ name: 'again' }));
    expect((await client.installPlugin(bytes)).changed).toBe(true);
    await client.activatePlugin('again');
    expect((await client.installPlugin(bytes)).changed).toBe(false);
    const both = await client.installPlugin(await second.sign(bytes));
    expect(both).toMatchObject({ changed: true, plugin: { state: 'ACTIVE' } });
    expect(both.plugin?.signers.map(({ name }) => name).sort()).toEqual(['first', 'second']);
    // One of them is enough.
    expect((await client.revokeKey('first')).deactivatedPluginIds).toEqual([]);
    expect((await client.getPlugin('again')).plugin).toMatchObject({ state: 'ACTIVE', signers: [{ name: 'second' }] });
    await client.deactivatePlugin('again');
    await client.uninstallPlugin('again');
  });
});

describe('hal9 plugin sign', () => {
  test('says which place it cannot write to, as wrong usage', async () => {
    const file = await inFile('nowhere', await packPuppet({ name: 'nowhere' }));
    writeFileSync(join(folder, 'nowhere.pem'), testKey().pem);
    const ran = await against('plugin', 'sign', file, '--key', 'nowhere.pem', '--out', '/no-such-directory/x.hal9');
    expect([ran.status, ran.stderr]).toEqual([
      2,
      expect.stringContaining('/no-such-directory/x.hal9: expected a file'),
    ]);
  });
});

describe('hal9 key', () => {
  test('generates a private key for its owner alone, and overwrites none', async () => {
    const made = await against('key', 'generate', '--out', 'mine.pem', '--json');
    const { publicKey, keyId } = made.json() as { publicKey: string; keyId: string };
    expect([publicKey.length, keyId.length]).toEqual([44, 64]);
    expect(statSync(join(folder, 'mine.pem')).mode & 0o777).toBe(0o600);
    const before = readFileSync(join(folder, 'mine.pem'), 'utf8');
    expect(before).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const again = await against('key', 'generate', '--out', 'mine.pem');
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('is there already')]);
    expect(readFileSync(join(folder, 'mine.pem'), 'utf8')).toBe(before);
  });

  test('lists, and revokes by a part of the id, for good', async () => {
    const key = testKey();
    expect((await against('key', 'trust', key.base64, '--name', 'to revoke')).status).toBe(0);
    expect((await against('key', 'list')).stdout).toMatch(
      new RegExp(`^to revoke +trusted +all plugins +${key.keyId} +`, 'm'),
    );
    expect((await against('key', 'revoke', key.keyId.slice(0, 12))).stdout).toContain(
      `revoked: to revoke (${key.keyId})`,
    );
    expect((await against('key', 'list')).stdout).toMatch(/^to revoke +revoked 2/m);
    const again = await against('key', 'trust', key.base64, '--name', 'back');
    expect([again.status, again.stderr]).toEqual([4, expect.stringMatching(/^hal9: KEY_REVOKED: .*for good/)]);
    expect((await against('key', 'revoke', 'nobody')).status).toBe(6);
  });

  test.each([
    ['AAAA', 2, 'expected a key or a file with one'],
    [Buffer.alloc(32).toString('base64'), 2, 'found a point of small order'],
  ])('refuses to trust %s', async (given, status, message) => {
    const ran = await against('key', 'trust', given, '--name', 'bad');
    expect([ran.status, ran.stderr]).toEqual([status, expect.stringContaining(message)]);
  });

  test('refuses over gRPC what is no key, and bounds that are none', async () => {
    const bad = { code: 'INVALID_ARGUMENT', reason: 'REQUEST_INVALID' };
    const key = testKey();
    await expect(client.trustKey({ publicKey: Buffer.alloc(31), name: 'x' })).rejects.toMatchObject(bad);
    await expect(client.trustKey({ publicKey: Buffer.alloc(32), name: 'x' })).rejects.toThrow('small order');
    await expect(client.trustKey({ publicKey: key.publicKey, name: '' })).rejects.toThrow('name: expected 1 to 64');
    await expect(trust(key, 'x', { pluginIds: ['nobody'] })).rejects.toThrow('plugin_ids: expected ids');
    await expect(client.revokeKey('')).rejects.toMatchObject(bad);
    await expect(client.revokeKey('0'.repeat(64))).rejects.toMatchObject({ reason: 'KEY_NOT_FOUND' });
  });
});

describe('a key', () => {
  test('that is bound to a plugin or an author signs no other, and the refusal says how to widen it', async () => {
    const key = testKey();
    await trust(key, 'bound', { pluginIds: [idOf('mine')], authors: ['test'] });
    await client.installPlugin(await key.sign(await packPuppet({ name: 'mine' })));
    const other = await inFile('other', await key.sign(await packPuppet({ name: 'other' })));
    const refused = await against('plugin', 'install', other);
    expect([refused.status, refused.stderr]).toEqual([4, expect.stringMatching(/^hal9: KEY_UNTRUSTED: /)]);
    const [, command = ''] = /to let it: (hal9 key trust .*)\n$/.exec(refused.stderr) ?? [];
    expect((await against(...command.split(' ').slice(1))).status).toBe(0);
    expect((await against('plugin', 'install', other)).status).toBe(0);
    await client.activatePlugin('mine');
    // Bounds that are narrower take it out of service.
    const narrowed = await trust(key, 'bound', { authors: ['somebody else'] });
    expect(narrowed.deactivatedPluginIds).toEqual([idOf('mine')]);
    await expect(client.activatePlugin('mine')).rejects.toMatchObject({ reason: 'KEY_UNTRUSTED' });
    for (const name of ['mine', 'other']) await client.uninstallPlugin(name);
  });

  test('that is revoked takes its plugins, and what needs them, out of service, also after a restart', async () => {
    const dataDir = join(folder, 'data');
    const [key, operators] = [testKey(), testKey()];
    const dependencies = [{ plugin_id: idOf('used'), version: '*', optional: false }];
    const first = await ServerProcess.start({ development: false, dataDir });
    const one = first.connect();
    await one.trustKey({ publicKey: key.publicKey, name: 'publisher' });
    await one.trustKey({ publicKey: operators.publicKey, name: 'operator' });
    await one.installPlugin(await key.sign(await packPuppet({ name: 'used' })));
    const user = await packPuppet({ name: 'user', tool: 'other', requirements: { dependencies } });
    await one.installPlugin(await operators.sign(user));
    await one.installPlugin(await operators.sign(await packPuppet({ name: 'apart', tool: 'apart' })));
    for (const name of ['user', 'apart']) await one.activatePlugin(name);
    expect((await one.revokeKey('publisher')).deactivatedPluginIds).toEqual([idOf('user'), idOf('used')]);
    const states = async (of: Client) =>
      (await of.listPlugins()).plugins.map(({ ref, state }) => `${ref?.name} ${state}`);
    expect(await states(one)).toEqual(['apart ACTIVE', 'used INSTALLED', 'user INSTALLED']);
    await expect(one.activatePlugin('user')).rejects.toMatchObject({ reason: 'KEY_REVOKED' });
    one.close();
    await first.stop();
    const second = await ServerProcess.start({ development: true, dataDir });
    const two = second.connect();
    expect(await states(two)).toEqual(['apart ACTIVE', 'used INSTALLED', 'user INSTALLED']);
    // Development mode overlooks that nobody has signed, and not that the operator said no.
    await expect(two.activatePlugin('used')).rejects.toMatchObject({ reason: 'KEY_REVOKED' });
    two.close();
    await second.stop();
  });
});

describe('a publisher', () => {
  test('cannot take over what another one has installed; the same one goes on', async () => {
    const [first, second] = [testKey(), testKey()];
    for (const [name, key] of [
      ['first publisher', first],
      ['second publisher', second],
    ] as const)
      await trust(key, name);
    await client.installPlugin(await first.sign(await packPuppet({ name: 'owned' })));
    // Not in two steps either: the same contents, signed by the other one alone.
    const again = await second.sign(await packPuppet({ name: 'owned' }));
    await expect(client.installPlugin(again)).rejects.toMatchObject({ reason: 'PUBLISHER_CHANGED' });
    const next = await packPuppet({ name: 'owned', version: '1.0.1' });
    const taken = await against('plugin', 'install', await inFile('taken', await second.sign(next)));
    expect([taken.status, taken.stderr]).toEqual([4, expect.stringContaining('PUBLISHER_CHANGED')]);
    expect((await client.getPlugin('owned')).plugin?.ref?.version).toBe('1.0.0');
    // Both have signed this one: from here on the second may go on alone.
    await client.installPlugin(await second.sign(await first.sign(next)));
    await client.installPlugin(await second.sign(await packPuppet({ name: 'owned', version: '1.0.2' })));
    expect((await client.getPlugin('owned')).plugin?.ref?.version).toBe('1.0.2');
    await client.uninstallPlugin('owned');
  });
});

describe('a directory that is run for development', () => {
  test('starts nothing that it depends on and nobody trusts', async () => {
    const dataDir = join(folder, 'untrusted-dependency');
    const key = testKey();
    const first = await ServerProcess.start({ development: false, dataDir });
    const one = first.connect();
    await one.trustKey({ publicKey: key.publicKey, name: 'revoked soon' });
    await one.installPlugin(await key.sign(await packPuppet({ name: 'base' })));
    await one.revokeKey('revoked soon');
    one.close();
    await first.stop();
    const directory = join(folder, 'dependent');
    mkdirSync(directory);
    const dependencies = [{ plugin_id: idOf('base'), version: '*', optional: false }];
    const packed = await readPackage(
      await packPuppet({ name: 'dependent', tool: 'other', requirements: { dependencies } }),
    );
    for (const [path, content] of packed.files) writeFileSync(join(directory, path), content);
    const flags = ['--dev-dir', directory];
    await expect(ServerProcess.start({ development: false, dataDir, flags })).rejects.toThrow(/KEY_REVOKED|revoked on/);
  });
});

describe('hal9 plugin sign and verify', () => {
  test('add a signature, the same bytes each time, in whatever order the keys sign', async () => {
    const plain = await packPuppet({ name: 'signed' });
    const file = await inFile('signed', plain);
    const [a, b] = [testKey(), testKey()];
    for (const [name, key] of [
      ['a', a],
      ['b', b],
    ] as const)
      writeFileSync(join(folder, `${name}.pem`), key.pem);
    const signed = await against('plugin', 'sign', file, '--key', 'a.pem', '--out', 'once.hal9', '--json');
    expect(signed.json()).toMatchObject({
      keyId: a.keyId,
      keyIds: [a.keyId],
      digest: (await readPackage(plain)).digest,
    });
    expect(readFileSync(file).equals(plain)).toBe(true);
    await against('plugin', 'sign', file, '--key', 'b.pem', '--out', 'other.hal9');
    await against('plugin', 'sign', 'once.hal9', '--key', 'b.pem');
    await against('plugin', 'sign', 'other.hal9', '--key', 'a.pem');
    await against('plugin', 'sign', 'other.hal9', '--key', 'b.pem');
    const [once, other] = ['once.hal9', 'other.hal9'].map((name) => readFileSync(join(folder, name)));
    expect(once?.equals(other as Buffer)).toBe(true);
    expect((await readPackage(once as Buffer)).signatures).toHaveLength(2);

    const asks = (...keys: string[]) =>
      against('plugin', 'verify', 'once.hal9', ...keys.flatMap((key) => ['--key', key]));
    expect(await asks(b.base64)).toMatchObject({ status: 0, stdout: expect.stringContaining(b.keyId) as string });
    expect(await asks(testKey().base64, 'a.pem')).toMatchObject({ status: 0 });
    expect(await asks(testKey().base64)).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/^hal9: KEY_UNTRUSTED/) as string,
    });
    // Without a key, those of the server count.
    expect(await asks()).toMatchObject({ status: 4, stderr: expect.stringMatching(/^hal9: KEY_UNTRUSTED/) as string });
    await trust(a, 'a');
    expect(await asks()).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`signed by: a (${a.keyId})`) as string,
    });
    const unsigned = await against('plugin', 'verify', file, '--key', 'a.pem', '--json');
    expect([unsigned.status, unsigned.json()]).toEqual([
      4,
      { error: expect.objectContaining({ reason: 'SIGNATURE_MISSING' }) as object },
    ]);
  });

  test('refuse what is no key or no package, as wrong usage', async () => {
    writeFileSync(join(folder, 'junk.pem'), 'junk');
    const file = await inFile('plain', await packPuppet({ name: 'plain' }));
    for (const args of [
      ['sign', file, '--key', 'junk.pem'],
      ['sign', file, '--key', 'missing.pem'],
      ['sign', folder, '--key', 'junk.pem'],
      ['verify', file, '--key', 'junk.pem'],
      ['verify', 'missing.hal9', '--key', testKey().base64],
    ])
      expect((await against('plugin', ...args)).status).toBe(2);
  });
});
