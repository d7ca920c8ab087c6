import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { Fetcher } from '../harness/fetcher.js';
import { LocalWeb } from '../harness/local-web.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

let server: ServerProcess;
let client: Client;
let web: LocalWeb;
let here = '';
let port = 0;
const seen: string[] = [];

beforeAll(async () => {
  web = await LocalWeb.start((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers.authorization ?? '-'}`);
    const [path = '', argument = ''] = (request.url ?? '').slice(1).split('?');
    if (path === 'wide') response.writeHead(302, { location: '/echo' }).write(Buffer.alloc(1_000_000));
    else if (path === 'to') response.writeHead(302, { location: decodeURIComponent(argument) }).end();
    else if (path === 'loop') response.writeHead(307, { location: '/loop' }).end();
    else if (path === 'bytes') response.end(Buffer.alloc(Number(argument), 'x'));
    else if (path === 'stall') response.write('begun');
    else if (path === 'two')
      response
        .writeHead(
          200,
          [
            ['set-cookie', 'a=1'],
            ['Set-Cookie', 'b=2'],
          ].flat(),
        )
        .end();
    else request.pipe(response.writeHead(path === 'teapot' ? 418 : 200));
  });
  port = web.port;
  here = web.url;
  server = await ServerProcess.start();
  client = server.connect(60_000);
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
  web.stop();
});

const connections = () => new Promise<number>((resolve) => web.server.getConnections((_, count) => resolve(count)));
const local = () => web.permission;

describe('HTTP out', () => {
  test('sends what a plugin asks for, and gives back what any server answers', async () => {
    const fetcher = await Fetcher.install(client, { name: 'plain', asks: [local()] });
    expect(await fetcher.fetch(`${here}/echo`, { body: 'ping' })).toBe('200 ping');
    expect(await fetcher.fetch(`${here}/teapot`)).toBe('418 ');
    expect(await fetcher.fetch(`${here}/auth`, { headers: { authorization: '"mine"' } })).toBe('200 ');
    expect(seen.at(-1)).toBe(`GET /auth 127.0.0.1:${port} "mine"`);
    const { signals } = await fetcher.tell('headers', `${here}/two`);
    expect(signals.filter(({ id }) => id === 'set-cookie').map(({ content }) => content)).toEqual(['a=1', 'b=2']);
  });

  test('follows redirects as new requests, gives them back, or refuses them, as the request says', async () => {
    const fetcher = await Fetcher.install(client, { name: 'redirected', asks: [local()] });
    const { signals } = await fetcher.tell('fetch', `${here}/to?/echo`);
    expect(signals[0]).toMatchObject({ id: `${here}/echo`, timestampMs: '200' });
    expect(await fetcher.fetch(`${here}/to?/echo`, { redirects: 'manual' })).toBe('302 ');
    expect(await fetcher.fetch(`${here}/to?/echo`, { redirects: 'refuse' })).toMatch(/^NETWORK_ERROR: .*refuses/);
    expect(await fetcher.fetch(`${here}/wide`)).toBe('200 ');
    expect(await fetcher.fetch(`${here}/loop`)).toMatch(/^NETWORK_ERROR: .*more than 10 times/);
    const elsewhere = encodeURIComponent('http://169.254.169.254/latest/meta-data/');
    expect(await fetcher.fetch(`${here}/to?${elsewhere}`)).toMatch(/^PERMISSION_DENIED: this needs .*169\.254/);
    expect(await fetcher.fetch(`${here}/to?${encodeURIComponent('file:///etc/passwd')}`)).toMatch(/^NETWORK_ERROR/);
  });

  test('reads a body in pieces that is too large to have at once', async () => {
    const fetcher = await Fetcher.install(client, { name: 'pieces', asks: [local()], stateful: true });
    const bytes = 5 * 1_048_576;
    const refused = await fetcher.tell('fetch', `${here}/bytes?${bytes}`);
    expect(refused.error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    const { signals } = await fetcher.tell('open', `${here}/bytes?${bytes}`);
    expect(signals[0]).toMatchObject({ content: 'x'.repeat(16), timestampMs: String(bytes) });
    expect((await fetcher.tell('x', `${here}/stall`)).error).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: JSON.stringify({ limit: 'http-open-bodies', max: 8 }),
    });
    expect([await fetcher.read(2), await fetcher.read(99)]).toEqual(['begun', 'INVALID_INPUT']);
    // What is left open goes with the instance.
    await client.deactivatePlugin('pieces');
    await vi.waitFor(() => expect(connections()).resolves.toBe(0), { timeout: 20_000 });
    expect(server.running).toBe(true);
  });

  test('ends a request when its time is over, or its call', async () => {
    const fetcher = await Fetcher.install(client, { name: 'late', asks: [local()] });
    expect(await fetcher.fetch(`${here}/stall`, { timeoutMs: 50 })).toMatch(/^TIMEOUT/);
    const late = server.connect(1_000);
    await expect(
      late.processSignal({ signal: { type: 'fetch', layer: 'L2', source: `${here}/stall` }, neuronType: 'late' }),
    ).rejects.toThrow();
    late.close();
    await vi.waitFor(() => expect(connections()).resolves.toBe(0), { timeout: 20_000 });
    expect(await fetcher.fetch(`${here}/echo`)).toBe('200 ');
  });

  test('ends bodies that are not read to their end in time, and says so when they are read', async () => {
    const fetcher = await Fetcher.install(client, { name: 'idle', asks: [local()], stateful: true });
    await fetcher.tell('x', `${here}/stall`, { timeoutMs: 300 });
    await vi.waitFor(() => expect(connections()).resolves.toBe(0), { timeout: 20_000 });
    expect([await fetcher.read(1), await fetcher.read(1)]).toEqual(['TIMEOUT', 'INVALID_INPUT']);
    expect(await fetcher.fetch(`${here}/echo`)).toBe('200 ');
  });

  test('answers what goes wrong on the way as an error', async () => {
    const gone = createTcpServer();
    await once(gone.listen(0, '127.0.0.1'), 'listening');
    const { port: closed } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    const asks = [
      local(),
      { NetworkHttp: { hosts: ['127.0.0.1'], ports: [closed] } },
      { NetworkHttps: { hosts: ['127.0.0.1'], ports: [port] } },
      { NetworkHttp: { hosts: ['nowhere.invalid'] } },
    ];
    const fetcher = await Fetcher.install(client, { name: 'wrong', asks });
    expect(await fetcher.fetch(`http://127.0.0.1:${closed}/`)).toBe('NETWORK_ERROR: the server refused the connection');
    expect(await fetcher.fetch(`https://127.0.0.1:${port}/`)).toMatch(/^NETWORK_ERROR: the connection/);
    expect(await fetcher.fetch('http://nowhere.invalid/')).toMatch(/^NETWORK_ERROR: the name/);
    expect(await fetcher.fetch('nonsense')).toMatch(/^INVALID_INPUT: url/);
  });

  test('is refused without the permission, and to addresses that are not granted as such; both are told of', async () => {
    const any = { NetworkHttp: { ports: [port] } };
    const denied = await Fetcher.install(client, { name: 'denied', asks: [local()], grants: [] });
    expect(await denied.fetch(`${here}/echo`)).toMatch(/^PERMISSION_DENIED: this needs/);
    const anywhere = await Fetcher.install(client, { name: 'anywhere', asks: [any] });
    for (const spelled of ['127.0.0.1', '2130706433', '0x7f000001', '0177.1', 'localhost', '[::ffff:127.0.0.1]', '0'])
      expect(await anywhere.fetch(`http://${spelled}:${port}/echo`)).toMatch(
        /^PERMISSION_DENIED: the host has an address/,
      );
    await vi.waitFor(
      () => {
        const lines = readFileSync(join(server.dataDir, 'audit/000001.jsonl'), 'utf8').split('\n');
        const of = (event: string, name: string) =>
          lines.filter((line) => line.includes(`"${event}"`) && line.includes(idOf(name)));
        expect(of('denial', 'denied').join()).toContain('http.fetch');
        expect(of('http.request', 'anywhere').join()).toContain('PERMISSION_DENIED');
        expect(of('http.request', 'plain').join()).toContain(`"of":"${here}"`);
      },
      { timeout: 20_000 },
    );
  });
});
