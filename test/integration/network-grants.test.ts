import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { Client } from '../../src/client/client.js';
import { Fetcher } from '../harness/fetcher.js';
import { LocalWeb } from '../harness/local-web.js';
import { refusalOf } from '../harness/refusal.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';
import { hal9 } from '../unit/cli/command.js';

let server: ServerProcess;
let client: Client;
let web: LocalWeb;
let port = 0;
/** Answers the request for `/held`, by a redirect. */
let release = (): unknown => undefined;

beforeAll(async () => {
  web = await LocalWeb.start((request, response) => {
    release = () => response.writeHead(302, { location: '/' }).end();
    if (request.url === '/held') web.server.emit('held');
    else response.end('reached');
  });
  port = web.port;
  server = await ServerProcess.start();
  client = server.connect(60_000);
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
  web.stop();
});

describe('an internal address', () => {
  const REFUSED = /^PERMISSION_DENIED: the host has an address/;
  const anyHost = () => ({ NetworkHttp: { ports: [port] } });
  const address = () => web.permission;
  const texts = (...permissions: object[]): string[] => permissions.map((each) => JSON.stringify(each));

  test('is reached and lost by a running plugin as it is granted and denied beside any host', async () => {
    const fetcher = await Fetcher.install(client, { name: 'beside', asks: [anyHost()] });
    const reach = (): Promise<string> => fetcher.fetch(`http://127.0.0.1:${port}/`);
    expect(await reach()).toMatch(REFUSED);
    const granted = await client.setPluginGrants('beside', { grant: texts(address()) });
    expect(granted.permissions?.effective).toEqual(texts(anyHost(), address()));
    expect(await reach()).toBe('200 reached');
    // Granted once more, any host takes nothing away.
    const again = await client.setPluginGrants('beside', { grant: texts(anyHost()) });
    expect([...(again.permissions?.granted ?? [])].sort()).toEqual(texts(address(), anyHost()).sort());
    expect(await reach()).toBe('200 reached');
    const denied = await client.setPluginGrants('beside', { deny: texts(address()) });
    expect(denied.permissions).toMatchObject({ granted: texts(anyHost()), effective: texts(anyHost()) });
    expect(await reach()).toMatch(/^PERMISSION_DENIED/);
    await client.setPluginGrants('beside', { grant: texts(anyHost()) });
    expect(await reach()).toMatch(/^PERMISSION_DENIED/);
  });

  test('is lost at once by a call that is under way', async () => {
    const fetcher = await Fetcher.install(client, { name: 'under-way', asks: [address()] });
    const held = once(web.server, 'held');
    const call = fetcher.fetch(`http://127.0.0.1:${port}/held`);
    await held;
    const denying = client.setPluginGrants('under-way', { deny: texts(address()) });
    // Out of service, and its call may end.
    await vi.waitFor(
      async () => expect((await client.getPlugin('under-way')).plugin?.state).not.toBe('ACTIVE'),
      20_000,
    );
    release();
    expect(await call).toMatch(/^PERMISSION_DENIED/);
    await denying;
  });

  test('that is asked for holds once it is granted by its name', async () => {
    const fetcher = await Fetcher.install(client, { name: 'by-name', asks: [address()], grants: [] });
    const refusal = await refusalOf(client.setPluginGrants('by-name', { grant: texts(anyHost()) }));
    expect(refusal).toMatchObject({ reason: 'REQUEST_INVALID' });
    expect(refusal.message).toContain('an address that is not public must be granted by its name');
    await client.setPluginGrants('by-name', { grant: texts(address()) });
    expect(await fetcher.fetch(`http://127.0.0.1:${port}/`)).toBe('200 reached');
  });
});

describe('a grant of another port than the one that is asked for', () => {
  test('is refused with the reason, at installation and afterwards', async () => {
    const stray = { NetworkHttp: { hosts: ['127.0.0.1'], ports: [port] } };
    const expected = {
      reason: 'REQUEST_INVALID',
      message: expect.stringContaining(`asked for: port 80; granted: port ${port}`),
    };
    const installing = Fetcher.install(client, { name: 'stray', asks: ['NetworkHttp'], grants: [stray] });
    expect(await refusalOf(installing)).toMatchObject(expected);
    await Fetcher.install(client, { name: 'stray', asks: ['NetworkHttp'] });
    const granting = client.setPluginGrants('stray', { grant: [JSON.stringify(stray)] });
    expect(await refusalOf(granting)).toMatchObject(expected);
  });

  test('is what a manifest can ask for, of any host', async () => {
    const asks = [{ NetworkHttp: { ports: [80, port] } }];
    const fetcher = await Fetcher.install(client, {
      name: 'ports',
      asks,
      grants: [{ NetworkHttp: { hosts: ['127.0.0.1'], ports: [port] } }],
    });
    expect(await fetcher.fetch(`http://127.0.0.1:${port}/`)).toBe('200 reached');
  });
});

describe('hal9 plugin permissions --policy', () => {
  const policyOf = async (name: string): Promise<string> =>
    (await hal9(['plugin', 'permissions', name, '--policy'], { env: { HAL9_SERVER: server.grpc } })).stdout;

  test('has the hosts that were tried of any host, and how to lift the denials', async () => {
    const name = 'recorded';
    const fetcher = await Fetcher.install(client, { name, asks: ['NetworkHttp', 'NetworkHttps'], grants: [] });
    for (const url of ['http://example.com/', 'https://example.org/', 'http://127.0.0.1/'])
      expect(await fetcher.fetch(url)).toMatch(/^PERMISSION_DENIED/);
    const policy = await policyOf(name);
    const grant = [
      { NetworkHttp: { hosts: ['127.0.0.1'] } },
      { NetworkHttp: { hosts: ['example.com'] } },
      { NetworkHttps: { hosts: ['example.org'] } },
    ];
    expect(parseYaml(policy)).toEqual({ grants: { [idOf(name)]: { grant, deny: [] } } });
    expect(policy).not.toContain('does not ask for');
    // The command that it ends with does the same as the block.
    const command = /lift that: (hal9 plugin grant .*)$/m.exec(policy)?.[1] ?? '';
    const words = command
      .split(' ')
      .slice(3)
      .map((word) => word.replace(/^'|'$/g, ''));
    const { permissions } = await client.setPluginGrants(words[0] ?? '', { grant: words.slice(1) });
    expect(permissions?.effective.map((text) => JSON.parse(text) as unknown)).toEqual(grant);
  });

  test('has the address that was used, and denies nothing of it', async () => {
    const asks = [{ NetworkHttp: { ports: [port] } }];
    const address = { NetworkHttp: { hosts: ['127.0.0.1'], ports: [port] } };
    const fetcher = await Fetcher.install(client, { name: 'used', asks, grants: [address] });
    expect(await fetcher.fetch(`http://127.0.0.1:${port}/`)).toBe('200 reached');
    expect(parseYaml(await policyOf('used'))).toEqual({ grants: { [idOf('used')]: { grant: [address], deny: [] } } });
  });
});
