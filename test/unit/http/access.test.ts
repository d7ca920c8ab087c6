import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Denials } from '../../../src/access/denials.js';
import { Gatekeeper } from '../../../src/access/gatekeeper.js';
import { hashOfToken, newToken } from '../../../src/access/token.js';
import { loadConfig } from '../../../src/config.js';
import { type HttpServer, startHttp } from '../../../src/http/server.js';
import { createLog } from '../../../src/observe/log.js';
import { Metrics } from '../../../src/observe/metrics.js';

const directory = mkdtempSync(join(tmpdir(), 'hal9-http-'));
const [scraper, runner] = [newToken(), newToken()];
const { log } = createLog({ level: 'silent', format: 'json' });
let http: HttpServer;

beforeAll(async () => {
  const accessFile = join(directory, 'access.json');
  const entry = (name: string, token: string, role: string): object => ({
    name,
    sha256: hashOfToken(token).toString('hex'),
    roles: [role],
  });
  const tokens = [entry('prometheus', scraper, 'observe'), entry('core', runner, 'execute')];
  writeFileSync(accessFile, JSON.stringify({ tokens }));
  const metrics = new Metrics({ version: '0.1.0', contractVersions: ['0.1.0'] });
  http = await startHttp({
    config: loadConfig({ httpListen: '127.0.0.1:0' }, {}),
    log,
    metrics,
    gatekeeper: Gatekeeper.open(accessFile, new Denials({ log, metrics })),
    notReady: () => undefined,
  });
});
afterAll(async () => {
  await http.stop();
  rmSync(directory, { recursive: true });
});

const get = (path: string, token?: string): Promise<Response> =>
  fetch(`http://${http.address}${path}`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

describe('with an access file', () => {
  test('the metrics are for the role observe', async () => {
    const nobody = await get('/metrics');
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="hal9"']);
    expect((await get('/metrics', newToken())).status).toBe(401);
    const other = await get('/metrics', runner);
    expect([other.status, await other.text()]).toEqual([
      403,
      'core lacks the role observe; its operator can give it that role\n',
    ]);
    const text = await (await get('/metrics', scraper)).text();
    expect(text).toContain('hal9_denials_total{reason="no_credentials"} 1');
    expect(text).toContain('hal9_denials_total{reason="token_unknown"} 1');
    expect(text).toContain('hal9_denials_total{reason="role_missing"} 1');
  });

  test.each(['/healthz', '/readyz'])('%s is for everybody', async (path) => {
    expect((await get(path)).status).toBe(200);
    expect((await get(path, newToken())).status).toBe(200);
  });
});
