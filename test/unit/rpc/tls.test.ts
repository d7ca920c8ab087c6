import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ClientOptions, connect } from '../../../src/client/client.js';
import { Authority, canIssue, type Pair } from '../../harness/certificates.js';
import { type Serving, serveMemory } from './serving.js';

const CALLS = 400;
const CALLERS = 8;

describe.skipIf(!canIssue())('gRPC over TLS', () => {
  let authority: Authority;
  let stranger: Authority;
  let first: Pair;
  let second: Pair;
  let directory: string;
  const closers: (() => void)[] = [];

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'hal9-tls-'));
    [authority, stranger] = [new Authority(), new Authority('somebody else')];
    [first, second] = [authority.issue({ name: 'first' }), authority.issue({ name: 'second' })];
  });
  afterAll(() => {
    for (const each of [authority, stranger]) each.remove();
    rmSync(directory, { recursive: true });
  });
  afterEach(() => {
    for (const close of closers.splice(0).reverse()) close();
  });

  const files = (): { tlsCert: string; tlsKey: string } => ({
    tlsCert: join(directory, 'tls.crt'),
    tlsKey: join(directory, 'tls.key'),
  });

  function put({ certFile, keyFile }: Pair): void {
    copyFileSync(certFile, files().tlsCert);
    copyFileSync(keyFile, files().tlsKey);
  }

  async function serve(flags: Record<string, string> = {}): Promise<Serving> {
    put(first);
    const serving = await serveMemory({ ...files(), ...flags });
    closers.push(() => {
      serving.rpc.forceShutdown();
      serving.access.tls?.close();
    });
    return serving;
  }

  /** One call on a connection of its own. */
  async function ask(serving: Serving, options: ClientOptions): Promise<unknown> {
    const client = connect(serving.rpc.address, { timeoutMs: 10_000, ...options });
    return client.listPlugins().finally(() => client.close());
  }

  const trusting = (pair?: Pair): ClientOptions => ({
    tls: { ca: authority.root.cert, ...(pair === undefined ? {} : { cert: pair.cert, key: pair.key }) },
  });

  /** What the handshake shows; rejects where there is none. */
  function handshake(serving: Serving, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const [host, port] = serving.rpc.address.split(':');
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        host,
        port: Number(port),
        ca: authority.root.cert,
        ALPNProtocols: ['h2'],
        ...options,
      });
      closers.push(() => socket.destroy());
      socket.once('secureConnect', () => resolve(socket));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed')));
    });
  }

  const shownBy = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject.CN;

  test('serves clients that trust its authority, and no others', async () => {
    const serving = await serve();
    expect(await ask(serving, trusting())).toEqual({ plugins: [] });
    await expect(ask(serving, { tls: { ca: stranger.root.cert } })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(ask(serving, {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(serving.denied.length).toBeGreaterThan(0);
    expect(new Set(serving.denied)).toEqual(new Set(['handshake_failed']));
  });

  test('is known by the address or the name that its certificate has, and by no other', async () => {
    const serving = await serve({ grpcListen: '127.0.0.2:0' });
    const there = await serve();
    const port = there.rpc.address.split(':')[1];
    const askAt = async (address: string): Promise<unknown> => {
      const client = connect(address, { timeoutMs: 10_000, ...trusting() });
      return client.listPlugins().finally(() => client.close());
    };
    expect(await askAt(`127.0.0.1:${port}`)).toEqual({ plugins: [] });
    expect(await askAt(`localhost:${port}`)).toEqual({ plugins: [] });
    await expect(askAt(serving.rpc.address)).rejects.toMatchObject({ message: expect.stringContaining('altnames') });
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    const socket = await handshake(await serve(), { minVersion: version, maxVersion: version });
    expect([socket.getProtocol(), socket.alpnProtocol]).toEqual([version, 'h2']);
  });

  test('does not speak what is older, nor ciphers without forward secrecy', async () => {
    const serving = await serve();
    const weak = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    await expect(handshake(serving, weak)).rejects.toThrow(/alert|protocol version|closed/i);
    const old = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:AES128-SHA256' } as const;
    await expect(handshake(serving, old)).rejects.toThrow(/alert|closed/i);
  });

  test('closes a connection of a client that does not ask for HTTP/2', async () => {
    const serving = await serve();
    const socket = await handshake(serving, { ALPNProtocols: [] });
    await new Promise((resolve) => socket.resume().on('close', resolve));
    expect(serving.denied).toEqual(['handshake_failed']);
  });

  test('changes its certificate under load, and no call fails; what is broken changes nothing', async () => {
    const serving = await serve();
    const { tls } = serving.access;
    const standing = connect(serving.rpc.address, { timeoutMs: 20_000, ...trusting() });
    closers.push(() => standing.close());
    const faults: unknown[] = [];
    let left = CALLS;
    const caller = async (): Promise<void> => {
      while (left-- > 0) {
        // In turn on a connection that stays, and on a new one, which has a handshake.
        const call = left % 2 === 0 ? standing.listPlugins() : ask(serving, trusting());
        await call.catch((error: unknown) => faults.push(error));
      }
    };
    const callers = Promise.all(Array.from({ length: CALLERS }, caller));
    const looks: unknown[] = [];
    const change = async (how: () => void): Promise<void> => {
      how();
      looks.push(await tls?.look());
      expect(left, 'calls are still being made').toBeGreaterThan(0);
      await ask(serving, trusting());
    };
    await change(() => put(second));
    await change(() => copyFileSync(first.certFile, files().tlsCert));
    await change(() => writeFileSync(files().tlsCert, 'garbage'));
    await change(() => writeFileSync(files().tlsCert, first.cert.subarray(0, 200)));
    const during = shownBy(await handshake(serving));
    await change(() => put(first));
    const after = shownBy(await handshake(serving));
    await callers;
    expect(faults).toEqual([]);
    expect(looks).toEqual(['taken', 'refused', 'refused', 'refused', 'taken']);
    expect([during, after]).toEqual(['second', 'first']);
  });

  describe('with client certificates', () => {
    let accessFile: string;
    let core: Pair;

    beforeAll(() => {
      core = authority.issue({ name: 'core', usage: 'clientAuth' });
      accessFile = join(directory, 'access.yaml');
      writeFileSync(accessFile, 'certificates: [{name: the-core, subject: core, roles: [manage]}]');
    });

    const mutual = (): Promise<Serving> => serve({ tlsClientCa: authority.root.certFile, accessFile });

    test('knows a client by its certificate, and gives it its roles', async () => {
      const serving = await mutual();
      const client = connect(serving.rpc.address, { timeoutMs: 10_000, ...trusting(core) });
      closers.push(() => client.close());
      await client.installPlugin(Buffer.from('x'));
      expect(serving.plugins.actors).toEqual(['the-core']);
      await expect(client.listPlugins()).rejects.toMatchObject({ reason: 'ROLE_MISSING' });
    });

    test('knows no certificate that is in nobody’s entry', async () => {
      const serving = await mutual();
      const other = authority.issue({ name: 'other', usage: 'clientAuth' });
      await expect(ask(serving, trusting(other))).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
      expect(serving.denied).toEqual(['certificate_unknown']);
    });

    test.each([
      ['no certificate', () => undefined],
      ['one of another authority', () => stranger.issue({ name: 'core', usage: 'clientAuth' })],
      ['one that has expired', () => authority.issue({ name: 'core', usage: 'clientAuth', days: -1 })],
      ["a server's", () => authority.issue({ name: 'core', usage: 'serverAuth' })],
    ] as [string, () => Pair | undefined][])('does not let in a client with %s', async (_what, issue) => {
      const serving = await mutual();
      const error = await ask(serving, trusting(issue())).catch((thrown: unknown) => thrown);
      // No answer of the server: the connection was closed before HTTP/2 began.
      expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: '' });
      expect(serving.denied.length).toBeGreaterThan(0);
      expect(new Set(serving.denied)).toEqual(new Set(['certificate_untrusted']));
    });
  });
});
