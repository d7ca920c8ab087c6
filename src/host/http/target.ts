import { HTTP_LIMITS } from '../../limits/http.js';
import type { Permission } from '../../permissions.js';
import type { HostRefusal } from '../../protocol/host-calls.js';
import { invalid } from '../refusals.js';

/** Where a request goes. */
export interface Target {
  url: URL;
  kind: 'NetworkHttp' | 'NetworkHttps';
  /** As the URL standard writes it, without a dot at its end: in lower case, IPv4 with four decimal numbers, IPv6 in brackets. */
  host: string;
  port: number;
}

const SCHEMES: Readonly<Record<string, { kind: Target['kind']; port: number }>> = {
  'http:': { kind: 'NetworkHttp', port: 80 },
  'https:': { kind: 'NetworkHttps', port: 443 },
};

/** @param base what a redirect's URL is relative to */
export function targetOf(text: string, base?: URL): Target | HostRefusal {
  const bytes = Buffer.byteLength(text);
  if (bytes > HTTP_LIMITS.maxUrlBytes)
    return invalid(`url: expected at most ${HTTP_LIMITS.maxUrlBytes} bytes, found ${bytes}`);
  if (!URL.canParse(text, base?.href)) return invalid('url: expected an absolute URL such as https://example.com/path');
  const url = new URL(text, base);
  const scheme = Object.hasOwn(SCHEMES, url.protocol) ? SCHEMES[url.protocol] : undefined;
  if (scheme === undefined) return invalid(`url: expected http: or https:, found ${url.protocol.slice(0, 32)}`);
  if (url.username !== '' || url.password !== '')
    return invalid('url: expected no user name or password; send an authorization header');
  if (!withoutRoot(url)) return invalid('url: expected a host name without empty parts');
  return { url, kind: scheme.kind, host: url.hostname, port: url.port === '' ? scheme.port : Number(url.port) };
}

/** `example.com.` is `example.com`: one that is denied must not be reached by the other. @returns whether it is a name then */
function withoutRoot(url: URL): boolean {
  url.hostname = url.hostname.replace(/\.$/, '');
  return !/^$|^\.|\.\.|\.$/.test(url.hostname);
}

/** What a plugin needs to send a request there. */
export function permissionOf({ kind, host, port }: Target): Permission {
  const to = { hosts: [host], ports: [port] };
  return kind === 'NetworkHttp' ? { NetworkHttp: to } : { NetworkHttps: to };
}
