import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as getHttps, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config.js';
import { type HttpServer, startHttp } from '../../../src/http/server.js';
import { createLog } from '../../../src/observe/log.js';
import { Metrics } from '../../../src/observe/metrics.js';
import { openAccess, type ServerAccess } from '../../../src/server/access.js';
import { Authority, canIssue, type Pair } from '../../harness/certificates.js';

describe.skipIf(!canIssue())('HTTP over TLS', () => {
  const { log } = createLog({ level: 'silent', format: 'json' });
  let authority: Authority;
  let directory: string;
  let access: ServerAccess;
  let http: HttpServer;

  const put = ({ certFile, keyFile }: Pair): void => {
    copyFileSync(certFile, join(directory, 'tls.crt'));
    copyFileSync(keyFile, join(directory, 'tls.key'));
  };

  beforeAll(async () => {
    authority = new Authority();
    directory = mkdtempSync(join(tmpdir(), 'hal9-https-'));
    put(authority.issue({ name: 'first' }));
    const accessFile = join(directory, 'access.yaml');
    writeFileSync(accessFile, 'certificates: [{name: a, subject: prometheus, roles: [observe]}]');
    const tls = { tlsCert: join(directory, 'tls.crt'), tlsKey: join(directory, 'tls.key') };
    const tlsClientCa = authority.root.certFile;
    const config = loadConfig({ httpListen: '127.0.0.1:0', ...tls, tlsClientCa, accessFile }, {});
    const metrics = new Metrics({ version: '0.1.0', contractVersions: ['0.1.0'] });
    access = await openAccess(config, { log, metrics, audit: { note: () => {} } });
    http = await startHttp({ config, log, metrics, ...access, notReady: () => undefined });
  });
  afterAll(async () => {
    await http.stop();
    access.tls?.close();
    authority.remove();
    rmSync(directory, { recursive: true });
  });

  interface Got {
    status: number | undefined;
    body: string;
    shown: unknown;
  }

  /** On a connection of its own. */
  function get(path: string, options: RequestOptions = {}): Promise<Got> {
    return new Promise((resolve, reject) => {
      const request = { ca: authority.root.cert, agent: false, ...options } as const;
      getHttps(`https://${http.address}${path}`, request, (response) => {
        const shown = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
        let body = '';
        response.on('data', (bytes: Buffer) => (body += bytes.toString()));
        response.on('end', () => resolve({ status: response.statusCode, body, shown }));
      }).on('error', reject);
    });
  }

  test('is there for probes that have no certificate', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await get('/readyz')).toMatchObject({ status: 200 });
    expect(await get('/metrics')).toMatchObject({ status: 401 });
  });

  test('gives the metrics to a client certificate with the role, which has to be good', async () => {
    const issue = (name: string, days = 1): Pair => authority.issue({ name, days, usage: 'clientAuth' });
    const scraper = await get('/metrics', issue('prometheus'));
    expect(scraper.status).toBe(200);
    expect(scraper.body).toMatch(/hal9_tls_certificate_expiry_seconds \d{10}\n/);
    expect(scraper.body).toContain('hal9_tls_reloads_total{result="refused"} 0');
    expect(await get('/metrics', issue('prometheus', -1))).toMatchObject({ status: 401 });
    const stranger = new Authority();
    const other = stranger.issue({ name: 'prometheus', usage: 'clientAuth' });
    stranger.remove();
    expect(await get('/metrics', other)).toMatchObject({ status: 401 });
  });

  test('changes its certificate', async () => {
    expect((await get('/healthz')).shown).toBe('first');
    put(authority.issue({ name: 'second' }));
    expect(await access.tls?.look()).toBe('taken');
    expect((await get('/healthz')).shown).toBe('second');
  });

  test('stops although a client has not done its handshake', async () => {
    const [host, port] = http.address.split(':');
    const socket = connect({ host, port: Number(port) });
    await once(socket, 'connect');
    const closed = once(socket.resume(), 'close');
    await http.stop();
    await closed;
  });
});
