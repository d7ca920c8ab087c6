import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { Authority, type Pair } from '../harness/certificates.js';
import { Fetcher } from '../harness/fetcher.js';
import { ServerProcess } from '../harness/server-process.js';

/** An authority that the server was told of, and one that it was not. */
const [known, stranger] = [new Authority(), new Authority('a stranger')];
const webs: Server[] = [];
const seen: string[] = [];
let server: ServerProcess;
let client: Client;
let fetcher: Fetcher;
let ports: Record<'good' | 'expired' | 'unknown' | 'forClients', number>;

async function serve({ cert, key }: Pair): Promise<number> {
  const web = createServer({ cert, key }, (request, response) => {
    seen.push(request.url ?? '');
    const plain = `http://127.0.0.1:${ports.good}/`;
    if (request.url === '/to-plain') response.writeHead(302, { location: plain }).end();
    else response.end('over TLS');
  });
  webs.push(web);
  await once(web.listen(0), 'listening');
  return (web.address() as AddressInfo).port;
}

beforeAll(async () => {
  ports = {
    good: await serve(known.issue({ name: 'good' })),
    expired: await serve(known.issue({ name: 'expired', days: -1 })),
    unknown: await serve(stranger.issue({ name: 'unknown' })),
    forClients: await serve(known.issue({ name: 'client', usage: 'clientAuth' })),
  };
  server = await ServerProcess.start({ env: { NODE_EXTRA_CA_CERTS: known.root.certFile } });
  client = server.connect();
  const asks = [{ NetworkHttps: { hosts: ['127.0.0.1', '127.0.0.2', 'localhost'], ports: Object.values(ports) } }];
  fetcher = await Fetcher.install(client, { name: 'secure', asks });
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
  for (const web of webs) web.close();
  known.remove();
  stranger.remove();
});

describe('HTTPS out', () => {
  test('goes to a server whose certificate is of its name and of an authority that is trusted', async () => {
    expect(await fetcher.fetch(`https://127.0.0.1:${ports.good}/`)).toBe('200 over TLS');
    expect(await fetcher.fetch(`https://localhost:${ports.good}/`)).toBe('200 over TLS');
  });

  test.each(['expired', 'unknown', 'forClients'] as const)(
    'says nothing to a server whose certificate is %s',
    async (which) => {
      const before = seen.length;
      const { error } = await fetcher.tell('fetch', `https://127.0.0.1:${ports[which]}/`);
      expect(error).toMatchObject({
        code: 'NETWORK_ERROR',
        message: 'the certificate of the server is not accepted',
      });
      expect(JSON.parse(error?.details ?? '')).toEqual({ code: expect.stringMatching(/^[A-Z_]+$/) as string });
      expect(seen).toHaveLength(before);
    },
  );

  test('says nothing to a server whose certificate is of another name', async () => {
    const before = seen.length;
    expect(await fetcher.fetch(`https://127.0.0.2:${ports.good}/`)).toMatch(/^NETWORK_ERROR/);
    expect(seen).toHaveLength(before);
  });

  test('does not go on in the clear where that was not granted', async () => {
    expect(await fetcher.fetch(`https://127.0.0.1:${ports.good}/to-plain`)).toMatch(
      /^PERMISSION_DENIED: .*NetworkHttp"/,
    );
  });
});
