import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Option } from 'commander';
import { systemCode } from '../package/durable-file.js';
import { publicKeyObject, publicKeyOf } from '../package/signature/public-key.js';
import { type AuditFile, listAuditFiles } from '../sandbox/audit/audit-files.js';
import type { Bound } from '../sandbox/audit/select.js';
import { SETTINGS } from '../settings.js';
import { UsageError } from './fail.js';

/** Where the server keeps its data unless it is told otherwise. */
const DEFAULT_DATA_DIR = SETTINGS.find(({ key }) => key === 'dataDir')?.default as string;

export function dataDirOption(): Option {
  return new Option('--data-dir <DIR>', 'data directory of the server, which may be running')
    .env('HAL9_DATA_DIR')
    .default(DEFAULT_DATA_DIR);
}

/** The folder of a data directory's audit log, and its files. */
export async function openAuditLog(dataDir: string): Promise<{ directory: string; files: AuditFile[] }> {
  const directory = join(dataDir, 'audit');
  try {
    return { directory, files: await listAuditFiles(directory) };
  } catch (error) {
    throw new UsageError(
      `${directory}: expected the audit log of a server, found none (${systemCode(error)}); name its data directory with --data-dir`,
    );
  }
}

/** Files that were put elsewhere, in the order in which they are to be read. */
export function namedFiles(paths: readonly string[]): AuditFile[] {
  return paths.map((path, i) => ({ number: i + 1, name: basename(path), path }));
}

/** The operator's key, as `openssl genpkey -algorithm ed25519` writes it. */
export function readPrivateKey(path: string): KeyObject {
  return readKey(path, '--key', 'private', createPrivateKey);
}

/** As `openssl pkey -pubout` writes it, or the base64 of its 32 bytes. */
export function readPublicKey(path: string): KeyObject {
  return readKey(path, '--public-key', 'public', (text) => {
    const bytes = publicKeyOf(text.trim());
    return bytes === undefined ? createPublicKey(text) : publicKeyObject(bytes);
  });
}

function readKey(path: string, flag: string, kind: string, read: (pem: string) => KeyObject): KeyObject {
  const text = readText(path, flag);
  let key: KeyObject | undefined;
  try {
    key = read(text);
  } catch {
    key = undefined;
  }
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new UsageError(`${flag}: expected an Ed25519 ${kind} key, found something else in ${path}`);
}

export function readText(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag}: ${path} cannot be read (${systemCode(error)})`);
  }
}

const DATE = /^\d{4}-\d\d-\d\d$/;
const DAY_MS = 86_400_000;

/** `42`, `2026-01-02` or `2026-01-02T03:04:05Z`. A day as an end includes all of it. */
export function boundOf(text: string, flag: '--from' | '--to'): Bound {
  if (/^[1-9]\d{0,14}$/.test(text)) return { seq: Number(text) };
  const atMs = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) {
    throw new UsageError(
      `${flag}: expected the number of a line, or a date such as 2026-01-02 or 2026-01-02T03:04:05Z`,
    );
  }
  return { atMs: DATE.test(text) && flag === '--to' ? atMs + DAY_MS - 1 : atMs };
}
