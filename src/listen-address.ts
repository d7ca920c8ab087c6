import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { HostError } from './errors.js';
import { SERVER_LIMITS } from './limits.js';

export interface TcpAddress {
  type: 'tcp';
  /** An address literal, without brackets. */
  host: string;
  /** 0 picks a free one. */
  port: number;
}

export interface SocketAddress {
  type: 'unix';
  /** Absolute. */
  path: string;
}

export type ListenAddress = TcpAddress | SocketAddress;

const LOOPBACK_V4 = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/**
 * Reads `HOST:PORT` (IPv6 in brackets) or `unix:PATH`.
 *
 * @throws HostError CONFIG_INVALID where the text is neither; LISTEN_REFUSED where the host is a name.
 */
export function parseListenAddress(text: string): ListenAddress {
  return text.startsWith('unix:') ? parseSocketPath(text.slice('unix:'.length)) : parseTcp(text);
}

/** As `parseListenAddress`, for listeners that need a port. */
export function parseTcpListenAddress(text: string): TcpAddress {
  if (text.startsWith('unix:')) {
    throw new HostError('CONFIG_INVALID', `expected HOST:PORT, found ${JSON.stringify(text)}`);
  }
  return parseTcp(text);
}

/** Whether only this machine reaches it. Other spellings of a loopback address count as none. */
export function isLocal(address: ListenAddress): boolean {
  return address.type === 'unix' || address.host === '::1' || LOOPBACK_V4.test(address.host);
}

/** `127.0.0.1:50051`, `[::1]:50051` or `unix:/run/hal9.sock`: what a gRPC client takes. */
export function formatAddress(address: ListenAddress): string {
  if (address.type === 'unix') return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function parseSocketPath(path: string): SocketAddress {
  // grpc accepts `unix:///absolute` too: the authority between the slashes is empty.
  const absolute = resolve(path.startsWith('///') ? path.slice(2) : path);
  if (path === '' || path.includes('\0')) {
    throw new HostError('CONFIG_INVALID', 'expected unix:PATH, found no path after unix:');
  }
  const bytes = Buffer.byteLength(absolute);
  if (bytes > SERVER_LIMITS.maxSocketPathBytes) {
    throw new HostError(
      'CONFIG_INVALID',
      `the path of a Unix socket may have ${SERVER_LIMITS.maxSocketPathBytes} bytes, this one has ${bytes}; use a shorter directory`,
    );
  }
  return { type: 'unix', path: absolute };
}

function parseTcp(text: string): TcpAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new HostError(
      'CONFIG_INVALID',
      `expected HOST:PORT with a port of 0 to 65535, found ${JSON.stringify(text)}`,
    );
  }
  return { type: 'tcp', host: addressLiteral(match[1] ?? match[2] ?? ''), port };
}

function addressLiteral(host: string): string {
  // The name is not looked up: what it resolves to is not ours to trust.
  if (host === 'localhost') return '127.0.0.1';
  if (isIP(host) === 4) return host;
  if (isIP(host) === 6 && !host.includes('%')) return new URL(`http://[${host}]`).hostname.slice(1, -1);
  throw new HostError(
    'LISTEN_REFUSED',
    `expected an address, such as 127.0.0.1, [::1] or 0.0.0.0, or localhost; found ${JSON.stringify(host)}`,
    { details: { host: host.slice(0, 256) } },
  );
}
