import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { HostError } from '../errors.js';
import { ACCESS_LIMITS } from '../limits.js';

/** Files in PEM. */
export interface TlsPaths {
  cert: string;
  key: string;
  /** Certificates of those who issue clients theirs. */
  clientCa: string | undefined;
}

/** Their bytes, not looked at yet. */
export type TlsFiles = Readonly<Record<'cert' | 'key', Buffer>> & { readonly clientCa: Buffer | undefined };

/** A certificate with its key, which fit, and whom to ask for theirs. */
export interface TlsMaterial {
  files: TlsFiles;
  /** When the server's certificate ends. */
  expiresMs: number;
}

/** With forward secrecy and authenticated encryption alone; the first three are those of TLS 1.3. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** What a TLS server of Node's is given, at its start and when the files have changed. */
export function contextOptions({ cert, key, clientCa }: TlsFiles): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2', ciphers: CIPHERS, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

/** @throws HostError CONFIG_INVALID for a file that cannot be read. */
export async function readTlsFiles({ cert, key, clientCa }: TlsPaths): Promise<TlsFiles> {
  return {
    cert: await readBounded(cert),
    key: await readBounded(key),
    clientCa: clientCa === undefined ? undefined : await readBounded(clientCa),
  };
}

async function readBounded(file: string): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const { size } = await handle.stat();
    if (size > ACCESS_LIMITS.maxTlsFileBytes) throw new Error(`more than ${ACCESS_LIMITS.maxTlsFileBytes} bytes`);
    return await handle.readFile();
  } catch (error) {
    // The operator named this path; the message is for the log, or for who starts the server.
    throw invalid(`cannot read ${file}: ${wordsOf(error)}`, error);
  } finally {
    await handle?.close();
  }
}

/**
 * Looks at what is in the files before anybody relies on it: whole, well-formed, the key that of the certificate, and taken by
 * the library that will use them.
 *
 * @throws HostError CONFIG_INVALID
 */
export function checkTls(files: TlsFiles): TlsMaterial {
  const [leaf] = certificatesIn(files.cert, 'the certificate');
  if (leaf === undefined) throw invalid('the certificate: expected PEM, found no certificate');
  if (!leaf.checkPrivateKey(privateKeyIn(files.key))) throw invalid('the key is not that of the certificate');
  if (files.clientCa !== undefined && certificatesIn(files.clientCa, "the clients' authority").length === 0) {
    throw invalid("the clients' authority: expected PEM, found no certificate");
  }
  try {
    createSecureContext(contextOptions(files));
  } catch (error) {
    throw invalid(`the certificate and the key cannot be used: ${wordsOf(error)}`, error);
  }
  return { files, expiresMs: Date.parse(leaf.validTo) };
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** A file that is written just now may end within a certificate. */
function certificatesIn(pem: Buffer, what: string): X509Certificate[] {
  const text = pem.toString('latin1');
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length !== (text.match(/-----BEGIN CERTIFICATE-----/g) ?? []).length)
    throw invalid(`${what}: not whole, or not PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw invalid(`${what}: ${wordsOf(error)}`, error);
  }
}

function privateKeyIn(pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw invalid(`the key: expected PEM without a passphrase (${wordsOf(error)})`, error);
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function invalid(what: string, cause?: unknown): HostError {
  return new HostError('CONFIG_INVALID', `TLS: ${what}`, { cause });
}
