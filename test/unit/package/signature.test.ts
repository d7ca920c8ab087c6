import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { HostError } from '../../../src/errors.js';
import { SIGNATURE_LIMITS } from '../../../src/limits.js';
import { assemble } from '../../../src/package/contents.js';
import { readPackage } from '../../../src/package/read.js';
import { generateKey, readPrivateKey, readPublicKey } from '../../../src/package/signature/key-file.js';
import { publicKeyFault, toBase64 } from '../../../src/package/signature/public-key.js';
import { SIGNATURES_PATH } from '../../../src/package/signature/statement.js';
import { verifySignatures } from '../../../src/package/signature/verify.js';
import { zipFiles } from '../../../src/package/zip-write.js';
import { type TestKey, testKey } from '../../harness/signing.js';
import { aManifest, packageFiles } from './a-package.js';

let key: TestKey;
let signed: ReadonlyMap<string, Uint8Array>;

beforeAll(async () => {
  key = testKey();
  const manifest = aManifest(({ files }) => (files.readme = 'README.md'));
  const plain = new Map(packageFiles(manifest)).set('README.md', Buffer.from('# Echo\n'));
  signed = (await readPackage(await key.sign(await zipFiles(plain)))).files;
});

/** Undefined where every signature fits, else the reason. */
async function refusalOf(files: ReadonlyMap<string, Uint8Array>): Promise<string | undefined> {
  try {
    verifySignatures(await assemble(files));
    return undefined;
  } catch (error) {
    return HostError.from(error).reason;
  }
}

const withFile = (path: string, content: Uint8Array): Map<string, Uint8Array> => new Map(signed).set(path, content);

describe('a signed package', () => {
  test('is good as it is, and by its signature has the digest that it had', async () => {
    expect(await refusalOf(signed)).toBeUndefined();
    const without = new Map(signed);
    without.delete(SIGNATURES_PATH);
    expect((await assemble(without)).digest).toBe((await assemble(signed)).digest);
  });

  test.each(['manifest.json', 'plugin.wasm', 'README.md', SIGNATURES_PATH])(
    'is refused for each single byte of %s that is another one',
    async (path) => {
      const content = signed.get(path) as Uint8Array;
      for (let at = 0; at < content.length; at++) {
        for (const bits of [0x01, 0x20, 0x80]) {
          const copy = Uint8Array.from(content);
          copy[at] = (copy[at] as number) ^ bits;
          expect(await refusalOf(withFile(path, copy)), `byte ${at} ^ ${bits}`).toMatch(
            /^(SIGNATURE_INVALID|MANIFEST_INVALID|PACKAGE_INVALID)$/,
          );
        }
      }
    },
  );

  test('is refused for each single byte more or less', async () => {
    for (const path of signed.keys()) {
      const content = signed.get(path) as Uint8Array;
      const refused = /^(SIGNATURE_INVALID|MANIFEST_INVALID|MODULE_INVALID)$/;
      expect(await refusalOf(withFile(path, Buffer.concat([content, Buffer.from('x')]))), path).toMatch(refused);
      expect(await refusalOf(withFile(path, content.subarray(1))), path).toMatch(refused);
      expect(await refusalOf(withFile(path, content.subarray(0, -1))), path).toMatch(refused);
    }
  });

  test('is refused when a file is added, removed, renamed, or two change their places', async () => {
    expect(await refusalOf(withFile('added', Buffer.alloc(0)))).toBe('SIGNATURE_INVALID');
    expect(await refusalOf(withFile('SIGNATURES.JSON', Buffer.from('{}')))).toBe('SIGNATURE_INVALID');
    const manifest = aManifest(({ files }) => (files.assets = { a: 'a', b: 'b' }));
    const plain = new Map(packageFiles(manifest)).set('a', Buffer.from('1')).set('b', Buffer.from('2'));
    plain.set('c', Buffer.from('3'));
    const { files } = await readPackage(await key.sign(await zipFiles(plain)));
    const swapped = new Map(files).set('a', Buffer.from('2')).set('b', Buffer.from('1'));
    expect(await refusalOf(swapped)).toBe('SIGNATURE_INVALID');
    const removed = new Map(files);
    removed.delete('c');
    expect(await refusalOf(removed)).toBe('SIGNATURE_INVALID');
    expect(await refusalOf(removed.set('d', Buffer.from('3')))).toBe('SIGNATURE_INVALID');
  });

  test('gives nothing to another package', async () => {
    const other = new Map(signed).set('README.md', Buffer.from('# Evil\n'));
    expect(await refusalOf(other)).toBe('SIGNATURE_INVALID');
  });

  test('names no file as its own that nobody signs', async () => {
    for (const change of ['readme', 'wasm'] as const) {
      const manifest = aManifest(({ files }) => (files[change] = SIGNATURES_PATH));
      const files = new Map(signed).set('manifest.json', Buffer.from(JSON.stringify(manifest)));
      expect(await refusalOf(files)).toBe('PACKAGE_INVALID');
    }
  });
});

describe('signPackage', () => {
  test('replaces its own signature, and keeps those of others', async () => {
    const other = testKey();
    const bytes = await key.sign(await zipFiles(signed));
    expect((await readPackage(bytes)).signatures).toHaveLength(1);
    const both = await readPackage(await other.sign(bytes));
    expect(both.signatures.map(({ keyId }) => keyId)).toEqual([key.keyId, other.keyId].sort());
    expect(verifySignatures(both)).toHaveLength(2);
  });

  test('adds nothing to a package with a signature that does not fit, or with as many as may be', async () => {
    const bad = await zipFiles(new Map(signed).set('README.md', Buffer.from('x')));
    await expect(testKey().sign(bad)).rejects.toMatchObject({ reason: 'SIGNATURE_INVALID' });
    let bytes = await zipFiles(signed);
    for (let i = 1; i < SIGNATURE_LIMITS.maxSignatures; i++) bytes = await testKey().sign(bytes);
    expect(verifySignatures(await readPackage(bytes))).toHaveLength(SIGNATURE_LIMITS.maxSignatures);
    await expect(testKey().sign(bytes)).rejects.toMatchObject({ reason: 'PACKAGE_TOO_LARGE' });
    await expect(key.sign(bytes)).resolves.toEqual(bytes);
  });
});

describe('signatures.json', () => {
  const [entry] = [{ algorithm: 'ed25519', key_id: '', public_key: '', signature: '' }];
  test.each([
    ['', 'one JSON text'],
    ['[]', 'expected'],
    ['{"signatures":{}}', 'expected an array'],
    ['{"signatures":[],"more":1}', 'more: expected nothing of that name'],
    ['{"signatures":[],"signatures":[]}', 'signatures'],
    ['{"signatures":[null]}', 'expected'],
    [JSON.stringify({ signatures: [{ ...entry, public_key: 7 }] }), 'expected'],
    [JSON.stringify({ signatures: [entry] }), '32 bytes in base64'],
    [`\ufeff${JSON.stringify({ signatures: [] })}`, 'one JSON text'],
    [`{"signatures":[${'['.repeat(100)}${']'.repeat(100)}]}`, 'levels'],
    [`{"signatures":[]}${' '.repeat(SIGNATURE_LIMITS.maxFileBytes)}`, 'at most 16384 bytes'],
  ])('is refused as %j', async (text, message) => {
    const read = assemble(withFile(SIGNATURES_PATH, Buffer.from(text)));
    await expect(read).rejects.toMatchObject({ reason: 'SIGNATURE_INVALID' });
    await expect(read).rejects.toThrow(message);
  });
});

describe('a key', () => {
  test('is read from its PEM, from that of its private key, and from base64', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const bytes = readPublicKey(pem) as Uint8Array;
    expect(readPublicKey(publicKey.export({ format: 'pem', type: 'spki' }).toString())).toEqual(bytes);
    expect(readPublicKey(` ${toBase64(bytes)}\n`)).toEqual(bytes);
    expect(readPrivateKey(pem)?.asymmetricKeyType).toBe('ed25519');
  });

  test('of another algorithm, behind a passphrase, or of nonsense is none', () => {
    const others = [
      generateKeyPairSync('x25519'),
      generateKeyPairSync('ed448'),
      generateKeyPairSync('rsa', { modulusLength: 2_048 }),
    ];
    for (const { privateKey, publicKey } of others) {
      expect(readPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())).toBeUndefined();
      expect(readPublicKey(publicKey.export({ format: 'pem', type: 'spki' }).toString())).toBeUndefined();
    }
    const { privateKey } = generateKeyPairSync('ed25519');
    const locked = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' });
    for (const text of [locked.toString(), '', 'junk', 'A'.repeat(43), `${'A'.repeat(41)}B=`])
      expect([readPrivateKey(text), readPublicKey(text)]).toEqual([undefined, undefined]);
  });

  const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
  test.each([
    ['of too few bytes', hex('00'.repeat(31)), 'expected 32 bytes'],
    ['beyond the field', hex(`ee${'ff'.repeat(30)}7f`), 'beyond the field'],
    ['off the curve', hex(`02${'00'.repeat(31)}`), 'no point of the curve'],
    ['that is the neutral element', hex(`01${'00'.repeat(31)}`), 'small order'],
    ['of order 2', hex(`ec${'ff'.repeat(30)}7f`), 'small order'],
    ['of order 4', hex('00'.repeat(32)), 'small order'],
    ['of order 8', hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'), 'small order'],
    ['of order 8', hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'), 'small order'],
  ])('%s is none', (_what, bytes, fault) => {
    expect(publicKeyFault(bytes)).toContain(fault);
  });

  test('that was generated is one', () => {
    for (let i = 0; i < 20; i++) expect(publicKeyFault(generateKey().publicKey)).toBeUndefined();
  });
});
