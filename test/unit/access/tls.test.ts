import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Tls } from '../../../src/access/tls.js';
import { HostError } from '../../../src/errors.js';
import type { Log } from '../../../src/observe/log.js';
import { Authority, canIssue, type Pair } from '../../harness/certificates.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe.skipIf(!canIssue())('Tls', () => {
  let authority: Authority;
  let [first, second, expired]: (Pair | undefined)[] = [];
  let directory: string;
  let tls: Tls;
  /** Messages of the log, with their levels. */
  let logged: string[];
  let refusals: string[];

  const say =
    (level: string) =>
    (_fields: unknown, message?: string): void =>
      void logged.push(`${level}: ${message}`);
  const log = { info: say('info'), warn: say('warn'), error: say('error') } as unknown as Log;

  const paths = (): { cert: string; key: string; clientCa: string } => ({
    cert: join(directory, 'tls.crt'),
    key: join(directory, 'tls.key'),
    clientCa: join(directory, 'ca.crt'),
  });

  /** Puts files where the server looks for them. */
  function put({ certFile, keyFile }: { certFile?: string; keyFile?: string }): void {
    if (certFile !== undefined) copyFileSync(certFile, paths().cert);
    if (keyFile !== undefined) copyFileSync(keyFile, paths().key);
  }

  const open = (): Promise<Tls> =>
    Tls.open(paths(), { log, checkMs: HOUR_MS, onRefused: (reason) => void refusals.push(reason) });

  beforeAll(() => {
    authority = new Authority();
    first = authority.issue({ name: 'first' });
    second = authority.issue({ name: 'second' });
    expired = authority.issue({ name: 'expired', days: -1 });
  });
  afterAll(() => authority.remove());

  beforeEach(async () => {
    logged = [];
    refusals = [];
    directory = mkdtempSync(join(tmpdir(), 'hal9-tls-'));
    put(first as Pair);
    copyFileSync(authority.root.certFile, paths().clientCa);
    tls = await open();
  });
  afterEach(() => {
    tls.close();
    rmSync(directory, { recursive: true });
  });

  test('tells when its certificate ends', () => {
    const seconds = tls.counts.expirySeconds - Date.now() / 1000;
    expect(seconds).toBeGreaterThan((DAY_MS - HOUR_MS) / 1000);
    expect(seconds).toBeLessThanOrEqual(DAY_MS / 1000);
  });

  test('takes another pair once, and tells its users', async () => {
    const seen: Buffer[] = [];
    tls.onChange((files) => void seen.push(files.cert));
    expect(await tls.look()).toBe('same');
    put(second as Pair);
    expect([await tls.look(), await tls.look()]).toEqual(['taken', 'same']);
    expect(seen).toEqual([second?.cert]);
    expect(tls.files.key).toEqual(second?.key);
    expect(tls.counts.reloads).toEqual({ taken: 1, refused: 0 });
    expect(logged).toEqual(['info: another certificate is in use']);
  });

  test.each([
    ['a certificate without its key', () => put({ certFile: second?.certFile as string })],
    ['a key without its certificate', () => put({ keyFile: second?.keyFile as string })],
    ['a certificate that is half written', () => writeFileSync(paths().cert, first?.cert.subarray(0, 300) ?? '')],
    [
      'a chain whose second certificate is half written',
      () =>
        writeFileSync(
          paths().cert,
          Buffer.concat([first?.cert ?? Buffer.alloc(0), (first?.cert ?? Buffer.alloc(0)).subarray(0, 300)]),
        ),
    ],
    ['a key that is half written', () => writeFileSync(paths().key, first?.key.subarray(0, 60) ?? '')],
    ['garbage', () => writeFileSync(paths().cert, 'garbage')],
    [
      'garbage in the armour of a certificate',
      () => writeFileSync(paths().cert, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    ],
    ['an empty file', () => writeFileSync(paths().cert, '')],
    ['no file', () => rmSync(paths().key)],
    ['a file without end', () => writeFileSync(paths().cert, Buffer.alloc(2 ** 21, 'a'))],
    ['an authority that is none', () => writeFileSync(paths().clientCa, 'garbage')],
    ['one that has expired, the old one being good', () => put(expired as Pair)],
  ])('keeps the old pair for %s, and says so once', async (_what, change) => {
    change();
    expect(await tls.look()).toBe('refused');
    await tls.look();
    expect(tls.files.cert).toEqual(first?.cert);
    expect(tls.counts.reloads).toEqual({ taken: 0, refused: 1 });
    expect(logged).toEqual(['error: the files of the certificate are refused; the old ones stay in use']);
    expect(refusals).toHaveLength(1);
  });

  test('takes what is whole in the end', async () => {
    put({ certFile: second?.certFile as string });
    expect(await tls.look()).toBe('refused');
    put({ keyFile: second?.keyFile as string });
    expect(await tls.look()).toBe('taken');
  });

  test('warns of a certificate that has expired, and starts all the same', async () => {
    put(expired as Pair);
    const late = await open();
    await late.look();
    late.close();
    expect(logged).toEqual(["warn: the server's certificate has expired: clients refuse it"]);
  });

  test('does not start with a pair that does not fit', async () => {
    put({ keyFile: second?.keyFile as string });
    const error = await open().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({ reason: 'CONFIG_INVALID', message: 'TLS: the key is not that of the certificate' });
  });
});
