import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import type { Defence } from '../../src/protocol/defences.js';
import { Fetcher } from '../harness/fetcher.js';
import { ServerProcess } from '../harness/server-process.js';
import type { Attack } from './guest-attacks.js';

const SECRET = 'what only this machine may read';

/** Loopback as attackers spell it, for a plugin that may go to any host on the Internet. */
const SPELLINGS = {
  plain: '127.0.0.1',
  decimal: '2130706433',
  octal: '0177.0.0.01',
  hexadecimal: '0x7f.0x0.0x0.0x1',
  short: '127.1',
  unspecified: '0.0.0.0',
  'full-width': '１２７.０.０.１',
  name: 'localhost',
  'mapped-ipv6': '[::ffff:127.0.0.1]',
  'mapped-hex': '[::ffff:7f00:1]',
  'mapped-long': '[0:0:0:0:0:ffff:127.0.0.1]',
  'ipv6-loopback': '[::1]',
  'trailing-dot': '127.0.0.1.',
  'percent-encoded': '%31%32%37.0.0.1',
  'mixed-bases': '0x7f.0.1',
} as const;

/** Addresses that need no server: that it is tried to connect to them is bad enough. */
const ELSEWHERE = {
  metadata: '169.254.169.254',
  'metadata-ipv6': '[fd00:ec2::254]',
  private: '10.0.0.1',
  'metadata-decimal': '2852039166',
  'metadata-mapped': '[::ffff:169.254.169.254]',
  nat64: '[64:ff9b::7f00:1]',
  'nat64-local': '[64:ff9b:1::7f00:1]',
  teredo: '[2001:0:7f00:1::]',
  'ipv4-compatible': '[::127.0.0.1]',
  'unique-local': '[fd12:3456::1]',
  'link-local': '[fe80::1]',
  '6to4': '[2002:7f00:1::]',
  '6to4-metadata': '[2002:a9fe:a9fe::]',
  'carrier-nat': '100.100.100.200',
} as const;

/** A server that only this machine may ask; `/to?URL` redirects there. */
async function withSecretServer<T>(use: (port: number) => Promise<T>): Promise<T> {
  const web: Server = createServer((request, response) => {
    const place = /^\/to\?(.*)$/.exec(request.url ?? '')?.[1];
    if (place === undefined) response.end(SECRET);
    else response.writeHead(302, { location: decodeURIComponent(place) }).end();
  });
  await once(web.listen(0), 'listening');
  try {
    return await use((web.address() as AddressInfo).port);
  } finally {
    web.closeAllConnections();
    web.close();
  }
}

async function attack(
  server: ServerProcess,
  asks: (port: number) => readonly unknown[],
  url: (port: number) => string,
): Promise<string | undefined> {
  const client = server.connect();
  try {
    return await withSecretServer(async (port) => {
      const fetcher = await Fetcher.install(client, { name: 'prying', asks: asks(port) });
      const answer = await fetcher.fetch(url(port), { timeoutMs: 2_000 });
      return answer.startsWith('PERMISSION_DENIED') ? undefined : `it was answered: ${answer.slice(0, 80)}`;
    });
  } finally {
    await client.deactivatePlugin('prying').catch(() => undefined);
    await client.uninstallPlugin('prying').catch(() => undefined);
    client.close();
  }
}

const anyHost = (port: number): readonly unknown[] => [{ NetworkHttp: { ports: [port] } }];

function direct([name, host]: readonly [string, string]): Attack {
  const defence: Defence = 'egress';
  const run = (server: ServerProcess) => attack(server, anyHost, (port) => `http://${host}:${port}/`);
  return { id: `network/${name}`, defence, run };
}

/** From a server that was granted by its address, to what was not. */
function redirect(name: string, place: (port: number) => string): Attack {
  const granted = (port: number): readonly unknown[] => [
    { NetworkHttp: { hosts: ['127.0.0.1', '*.example.com'], ports: [port] } },
  ];
  const from = (port: number): string => `http://127.0.0.1:${port}/to?${encodeURIComponent(place(port))}`;
  return { id: `network/redirect-${name}`, defence: undefined, run: (server) => attack(server, granted, from) };
}

/** A name that leads to a public address while it is checked, and here when the connection is made. */
async function rebinding({ dist }: ServerProcess): Promise<string | undefined> {
  const names = pathToFileURL('test/hostile/rebinding-names.mjs').href;
  const server = await ServerProcess.start({ dist, env: { NODE_OPTIONS: `--import=${names}` } });
  const client = server.connect();
  try {
    return await withSecretServer(async (port) => {
      const fetcher = await Fetcher.install(client, { name: 'prying', asks: anyHost(port) });
      const answer = await fetcher.fetch(`http://rebound.example:${port}/`, { timeoutMs: 500 });
      return /^(TIMEOUT|NETWORK_ERROR)/.test(answer) ? undefined : `it was answered: ${answer.slice(0, 80)}`;
    });
  } finally {
    client.close();
    await server.stop('SIGKILL');
  }
}

export const networkAttacks: readonly Attack[] = [
  ...Object.entries(SPELLINGS).map(direct),
  ...Object.entries(ELSEWHERE).map(direct),
  { id: 'network/rebinding', defence: 'egress', run: rebinding },
  redirect('metadata', () => 'http://169.254.169.254/latest/meta-data/'),
  redirect('loopback-name', (port) => `http://localhost:${port}/`),
  redirect('look-alike', (port) => `http://badexample.com:${port}/`),
  redirect('other-port', (port) => `http://127.0.0.1:${port === 65_535 ? 1 : port + 1}/`),
  redirect('other-scheme', (port) => `https://127.0.0.1:${port}/`),
];
