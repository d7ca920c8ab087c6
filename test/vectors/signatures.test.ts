import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HostError } from '../../src/errors.js';
import { readPackage } from '../../src/package/read.js';
import { toBase64 } from '../../src/package/signature/public-key.js';
import { verifySignatures } from '../../src/package/signature/verify.js';
import { standingOf } from '../../src/sandbox/standing.js';
import { Random } from '../fuzz/random.js';
import { testKey, testKeyOf } from '../harness/signing.js';
import { changed, signedPackages, vectorKeys } from './signed-packages.js';

const FOLDER = 'test/vectors/signatures';
interface Vectors {
  digest: string;
  keys: { private_key: string; public_key: string; key_id: string }[];
  signatures: { key_id: string; signature: string }[];
  packages: Record<string, string>;
}
const vectors = JSON.parse(readFileSync(join(FOLDER, 'vectors.json'), 'utf8')) as Vectors;
const [first] = vectors.keys as [Vectors['keys'][number]];
const bytesOf = (file: string): Uint8Array => readFileSync(join(FOLDER, file));

/** "good", or the reason of the refusal. */
async function judge(bytes: Uint8Array, trusted: string): Promise<string> {
  try {
    const contents = await readPackage(bytes);
    const signedBy = verifySignatures(contents).map(({ publicKey }) => toBase64(publicKey));
    const { publicKey, keyId } = { publicKey: Buffer.from(trusted, 'base64'), keyId: testKeyId(trusted) };
    const key = { keyId, publicKey, name: 'k', pluginIds: [], authors: [], trustedAtMs: 0, revokedAtMs: 0 };
    const { id, name, version, author } = contents.manifest.metadata;
    const plugin = { id, name, version, author, signedBy, signedInside: false };
    return standingOf(plugin, new Map([[keyId, key]])).refusal?.reason ?? 'good';
  } catch (error) {
    return HostError.from(error).reason;
  }
}

const testKeyId = (base64: string): string => vectors.keys.find((key) => key.public_key === base64)?.key_id ?? '';

describe('the vectors of signatures', () => {
  test.each(Object.entries(vectors.packages))('say of %s: %s', async (file, verdict) => {
    expect(await judge(bytesOf(file), first.public_key)).toBe(verdict);
  });

  test('are all of the packages in their folder, and what the code makes today', async () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.hal9'));
    expect(files.sort()).toEqual(Object.keys(vectors.packages).sort());
    for (const { name, reason, bytes } of await signedPackages()) {
      expect(vectors.packages[`${name}.hal9`], name).toBe(reason === '' ? 'good' : reason);
      // How deflate packs is zlib's affair; what is in the package is ours.
      expect(await entries(bytes), name).toEqual(await entries(bytesOf(`${name}.hal9`)));
    }
  });

  test('hold the signed text, its digest and the signatures of both keys', async () => {
    const { statement, digest, signatures } = await readPackage(bytesOf('signed-by-two.hal9'));
    expect(Buffer.from(statement).equals(readFileSync(join(FOLDER, 'statement.txt')))).toBe(true);
    expect(digest).toBe(vectors.digest);
    expect(signatures.map(({ keyId, signature }) => ({ key_id: keyId, signature: toBase64(signature) }))).toEqual(
      vectors.signatures,
    );
    expect(vectorKeys().map(({ pem }) => testKeyOf(pem).base64)).toEqual(vectors.keys.map((key) => key.public_key));
  });
});

/** A package's files, also of one whose signatures are malformed. */
async function entries(bytes: Uint8Array): Promise<Record<string, string>> {
  const { readEntries } = await import('../../src/package/zip-entries.js');
  const { readFiles } = await import('../../src/package/read.js');
  const paths = (await readEntries(bytes)).map(({ path }) => path);
  const files = await readFiles(bytes, paths);
  return Object.fromEntries([...files].map(([path, content]) => [path, Buffer.from(content).toString('base64')]));
}

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']).status === 0;
if (!python) console.log('python3 is not here: that another language agrees about signatures is not tested');

describe.runIf(python)('sdk/verify/verify.py', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'hal9-vectors-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What it prints, or the reason of its refusal. */
  async function verify(file: string, ...args: string[]): Promise<string> {
    try {
      return (await promisify(execFile)('python3', ['sdk/verify/verify.py', file, ...args])).stdout;
    } catch (error) {
      const { code, stderr } = error as { code: number; stderr: string };
      return code === 4 ? (stderr.split(':')[0] ?? '') : `${code}: ${stderr}`;
    }
  }

  test.each(Object.entries(vectors.packages))('says of %s: %s', async (file, verdict) => {
    const said = await verify(join(FOLDER, file), '--key', first.public_key);
    expect(said.split(':')[0]).toBe(verdict);
  });

  test('reads the same text out of a package, with the same digest', async () => {
    const file = join(FOLDER, 'signed-by-two.hal9');
    expect(await verify(file, '--statement')).toBe(readFileSync(join(FOLDER, 'statement.txt'), 'utf8'));
    expect(await verify(file, '--key', first.public_key)).toContain(`good: ${vectors.digest}\n`);
  });

  test('agrees about packages that were signed, and tampered with, at random', async () => {
    const random = new Random(20_261_122);
    const unsigned = bytesOf('unsigned.hal9');
    for (let i = 0; i < 12; i++) {
      const key = testKey();
      const signed = await key.sign(unsigned);
      const bytes = i % 3 === 0 ? signed : await changed(signed, (files) => flip(files, random));
      const file = join(folder, `${i}.hal9`);
      writeFileSync(file, bytes);
      const ours = await readPackage(bytes).then(
        (contents) => {
          try {
            verifySignatures(contents);
            return 'good';
          } catch (error) {
            return HostError.from(error).reason;
          }
        },
        (error: unknown) => HostError.from(error).reason,
      );
      expect((await verify(file, '--key', key.base64)).split(':')[0], `package ${i}`).toBe(ours);
    }
  });

  test('takes no key for which anybody can sign', async () => {
    const said = await verify(join(FOLDER, 'signed.hal9'), '--key', toBase64(Buffer.alloc(32)));
    expect(said).toMatch(/^2: .*small order/s);
  });
});

/** One bit of one file that is not the manifest, or of a signature's value. */
function flip(files: Map<string, Uint8Array>, random: Random): void {
  const paths = ['plugin.wasm', 'assets/words.txt', 'signatures.json'];
  const path = paths[random.below(paths.length)] as string;
  const content = Buffer.from(files.get(path) as Uint8Array);
  const from = path === 'signatures.json' ? content.indexOf('"signature":"') + 13 : 0;
  const at = from + random.below((path === 'signatures.json' ? from + 80 : content.length) - from);
  content[at] = (content[at] as number) ^ 1;
  files.set(path, content);
}
