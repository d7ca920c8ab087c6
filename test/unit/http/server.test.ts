import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig, type ServerFlags } from '../../../src/config.js';
import { HostError } from '../../../src/errors.js';
import { type HttpServer, startHttp } from '../../../src/http/server.js';
import { createLog } from '../../../src/observe/log.js';
import { Metrics } from '../../../src/observe/metrics.js';

let http: HttpServer;
let reason: string | undefined;

const start = (address: string, flags: ServerFlags = {}): Promise<HttpServer> =>
  startHttp({
    config: loadConfig({ httpListen: address, ...flags }, {}),
    log: createLog({ level: 'silent', format: 'json' }).log,
    metrics: new Metrics({ version: '0.1.0', contractVersions: ['0.1.0'] }),
    notReady: () => reason,
  });

beforeEach(async () => {
  reason = undefined;
  http = await start('127.0.0.1:0');
});
afterEach(() => http.stop());

const get = (path: string, method = 'GET'): Promise<Response> => fetch(`http://${http.address}${path}`, { method });

/** Sends bytes as they are and gives all that comes back. */
async function raw(request: string): Promise<string> {
  const [host, port] = http.address.split(':');
  const socket = connect({ host: host ?? '', port: Number(port) });
  socket.write(request);
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(socket, 'close');
  return text;
}

describe('startHttp', () => {
  test('serves the metrics', async () => {
    const response = await get('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toContain('hal9_build_info{version="0.1.0"');
  });

  test('says that the process lives, whether or not it serves', async () => {
    reason = 'the server is stopping';
    expect([(await get('/healthz')).status, await (await get('/healthz?x=1')).text()]).toEqual([200, 'ok\n']);
  });

  test('says whether it serves, and why not', async () => {
    expect([(await get('/readyz')).status, await (await get('/readyz')).text()]).toEqual([200, 'ready\n']);
    reason = 'the server is stopping';
    expect([(await get('/readyz')).status, await (await get('/readyz')).text()]).toEqual([
      503,
      'the server is stopping\n',
    ]);
  });

  test('answers HEAD with the head alone', async () => {
    const response = await get('/metrics', 'HEAD');
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(1_000);
    expect(await response.text()).toBe('');
  });

  test.each(['/', '/metrics/', '/metrics/../healthz/x', '//metrics', '/%6detrics'])(
    'does not know %s',
    async (path) => {
      expect(await raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 404 /);
    },
  );

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const response = await get('/metrics', method);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('refuses a head that is too large', async () => {
    expect(await raw(`GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(9_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  test('refuses a port that another process has', async () => {
    const error = await start(http.address).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({ reason: 'LISTEN_REFUSED' });
  });

  test('closes the oldest connection where as many are open as may be', async () => {
    await http.stop();
    http = await start('127.0.0.1:0', { maxConnections: 2 });
    const port = Number(http.address.split(':')[1]);
    const ask = (socket: Socket): Promise<unknown[]> => {
      socket.on('error', () => {}).write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
      return once(socket, 'data');
    };
    const held = [connect({ host: '127.0.0.1', port }), connect({ host: '127.0.0.1', port })];
    for (const socket of held) await ask(socket);
    const closed = Promise.race(held.map((socket) => once(socket, 'close')));
    const response = await get('/readyz');
    expect(response.status).toBe(200);
    await closed;
    for (const socket of held) socket.destroy();
  });

  test('stops although a client keeps its connection', async () => {
    const [host, port] = http.address.split(':');
    const socket = connect({ host: host ?? '', port: Number(port) });
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await http.stop();
    await closed;
  });
});
