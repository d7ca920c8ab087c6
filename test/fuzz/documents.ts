/** Fuzz targets: documents that operators and signers write. Each is refused with a reason, or means the same when read again. */

import { deepStrictEqual, strictEqual } from 'node:assert';
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { accessFaults, readAccessFile } from '../../src/config/access-file.js';
import { loadConfig } from '../../src/config.js';
import { assemble } from '../../src/package/contents.js';
import { keyIdOf, publicKeyBytes, toBase64 } from '../../src/package/signature/public-key.js';
import {
  type PackageSignature,
  parseSignatures,
  writeSignatures,
} from '../../src/package/signature/signatures-file.js';
import { SIGNATURES_PATH, statementOf } from '../../src/package/signature/statement.js';
import { verifySignatures } from '../../src/package/signature/verify.js';
import { packageFiles } from '../unit/package/a-package.js';
import { mutateBytes, mutateJson, mutateText } from './mutate.js';
import type { Target } from './packages.js';
import type { Random } from './random.js';

const FILES = packageFiles();

/** The targets, each with its name. */
export async function documentTargets(): Promise<ReadonlyMap<string, Target>> {
  const signatures = await signaturesOf(3);
  return new Map<string, Target>([
    ['signatures', (random) => trySignatures(random, signatures)],
    ['configuration', tryConfiguration],
    ['access-file', tryAccessFile],
  ]);
}

/** The same keys in every run, or seeds would not replay: PKCS #8 of 32 bytes (RFC 8410). */
function keyOf(number: number): KeyObject {
  const key = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, number + 1)]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** A document with so many signatures that hold. */
async function signaturesOf(count: number): Promise<object> {
  const statement = await statementOf(FILES);
  const entry = (publicKey: Uint8Array, privateKey: KeyObject): object => ({
    algorithm: 'ed25519',
    key_id: keyIdOf(publicKey),
    public_key: toBase64(publicKey),
    signature: toBase64(sign(undefined, statement, privateKey)),
  });
  return {
    signatures: Array.from({ length: count }, (_, index) => {
      const privateKey = keyOf(index);
      return entry(publicKeyBytes(createPublicKey(privateKey)), privateKey);
    }),
  };
}

/** What the signatures are about must be what was signed, whatever else stands in the document or in the package. */
async function trySignatures(random: Random, document: object): Promise<void> {
  const bytes = random.once(2)
    ? Buffer.from(JSON.stringify(mutateJson(document, random)) ?? 'null')
    : mutateBytes(Buffer.from(JSON.stringify(document)), random);
  const found = parseSignatures(bytes);
  deepStrictEqual(shown(parseSignatures(writeSignatures(found))), shown(found));
  const files = new Map([...FILES, [SIGNATURES_PATH, bytes]]);
  const spoiled = random.once(4);
  if (spoiled) files.set('plugin.wasm', mutateBytes(FILES.get('plugin.wasm') ?? new Uint8Array(), random));
  const same = Buffer.compare(files.get('plugin.wasm') ?? Buffer.of(), FILES.get('plugin.wasm') ?? Buffer.of()) === 0;
  const verified = verifySignatures(await assemble(files));
  strictEqual(verified.length > 0 && !same, false, 'signatures hold over a package that was changed');
}

const shown = (signatures: readonly PackageSignature[]): string[] =>
  signatures.map(({ keyId, publicKey, signature }) => [keyId, toBase64(publicKey), toBase64(signature)].join(' '));

const CONFIGURATION = {
  data_dir: '/var/lib/hal9',
  grpc_listen: 'unix:/run/hal9/hal9.sock',
  http_listen: '127.0.0.1:9469',
  log_level: 'info',
  dev_dir: ['plugins/one'],
  memory_limit_mb: 2_048,
  max_threads: 16,
  development: false,
  grants: {
    '*': { grant: ['SystemTime'], deny: [{ SystemEnv: 'HOME' }] },
    '3f2b7c1e-5a4d-4e8b-9c6f-0a1b2c3d4e5f': {
      grant: [{ NetworkHttps: { hosts: ['*.example.com'], ports: [443] } }, 'SystemRandom'],
    },
  },
};

const ACCESS = {
  tokens: [{ name: 'core', sha256: 'a'.repeat(64), roles: ['execute'] }],
  certificates: [
    { name: 'operator', subject: 'operator', roles: ['manage', 'observe'] },
    { name: 'scraper', sha256: 'b'.repeat(64), roles: ['observe'] },
  ],
};

/** Runs a reader of files on a text, which is the same file each time. */
const folder = mkdtempSync(join(tmpdir(), 'hal9-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
function written(text: string | Uint8Array): string {
  const file = join(folder, 'document.yaml');
  writeFileSync(file, text);
  return file;
}

/** YAML or JSON, spoiled as a value, as text or as bytes. */
function spoil(document: object, random: Random): string | Uint8Array {
  const value = random.once(3) ? document : (mutateJson(document, random) ?? null);
  const text = random.once(2) ? stringify(value) : (JSON.stringify(value) ?? 'null');
  if (random.once(3)) return text;
  return random.once(3) ? mutateBytes(Buffer.from(text), random) : mutateText(text, random);
}

function tryConfiguration(random: Random): Promise<void> {
  const file = written(spoil(CONFIGURATION, random));
  const config = loadConfig({ config: file }, {});
  deepStrictEqual(loadConfig({ config: file }, {}), config);
  for (const { grant, deny } of Object.values(config.grants)) {
    strictEqual(Array.isArray(grant) && Array.isArray(deny), true, 'a grant is no list');
  }
  return Promise.resolve();
}

function tryAccessFile(random: Random): Promise<void> {
  const access = readAccessFile(written(spoil(ACCESS, random)));
  deepStrictEqual(accessFaults(access), []);
  return Promise.resolve();
}
