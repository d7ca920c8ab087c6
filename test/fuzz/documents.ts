/** Fuzz targets: documents that operators write. Each is refused with a reason, or means the same when read again. */

import { deepStrictEqual, strictEqual } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { accessFaults, readAccessFile } from '../../src/config/access-file.js';
import { loadConfig } from '../../src/config.js';
import { mutateBytes, mutateJson, mutateText } from './mutate.js';
import type { Target } from './packages.js';
import type { Random } from './random.js';

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

/** The targets, each with its name. */
export const DOCUMENT_TARGETS: ReadonlyMap<string, Target> = new Map([
  ['configuration', tryConfiguration],
  ['access-file', tryAccessFile],
]);
