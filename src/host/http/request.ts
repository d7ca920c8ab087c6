import { HTTP_LIMITS } from '../../limits/http.js';
import { countOf, type HostRefusal } from '../../protocol/host-calls.js';
import { invalid } from '../refusals.js';
import { type Target, targetOf } from './target.js';

/** What to do with an answer that names another place, in the order of the contract's cases. */
const REDIRECTS = ['follow', 'manual', 'refuse'] as const;

/** A request that can be sent as it is. */
export interface HttpRequest {
  target: Target;
  method: string;
  /** Names in lower case. */
  headers: readonly (readonly [string, string])[];
  body: Uint8Array;
  timeoutMs: number;
  redirects: (typeof REDIRECTS)[number];
}

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
/** Of a field's value: what is visible, spaces and tabs between, and nothing that ends a line. */
const VALUE = /^[\t\x20-\x7e]*$/;
/** They open tunnels, or show a request to whoever sent it with what was added on the way. */
const NO_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);
/** How the request is framed and where it goes is not the guest's to say. */
const OURS = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'http2-settings',
]);

/** From the fields of `http.fetch` and `http.open`: method, url, body, timeout, redirects, and then each header's name and value. */
export function requestOf(fields: readonly Uint8Array[]): HttpRequest | HostRefusal {
  const [method, url, body, timeout, policy, ...pairs] = fields;
  const redirects = REDIRECTS[countOf(policy) ?? -1];
  const timeoutMs = countOf(timeout);
  if (method === undefined || url === undefined || body === undefined)
    throw new TypeError('a request without its fields');
  if (redirects === undefined || timeoutMs === undefined) throw new TypeError('a request without its policy');
  const target = targetOf(textOf(url));
  if ('ok' in target) return target;
  const headers = headersOf(pairs);
  const fault = methodFault(textOf(method)) ?? ('ok' in headers ? headers : headersFault(headers)) ?? bodyFault(body);
  if (fault !== undefined || 'ok' in headers) return fault ?? invalid('headers');
  const most = HTTP_LIMITS.maxRequestMs;
  const time = timeoutMs === 0 ? most : Math.min(timeoutMs, most);
  return { target, method: textOf(method), headers, body, timeoutMs: time, redirects };
}

function headersOf(pairs: readonly Uint8Array[]): [string, string][] | HostRefusal {
  const count = pairs.length / 2;
  if (count > HTTP_LIMITS.maxRequestHeaders)
    return invalid(`headers: expected at most ${HTTP_LIMITS.maxRequestHeaders}, found ${count}`);
  const bytes = pairs.reduce((sum, { length }) => sum + length, 0);
  if (bytes > HTTP_LIMITS.maxRequestHeaderBytes)
    return invalid(`headers: expected at most ${HTTP_LIMITS.maxRequestHeaderBytes} bytes, found ${bytes}`);
  return Array.from({ length: count }, (_, i) => [textOf(pairs[2 * i]).toLowerCase(), textOf(pairs[2 * i + 1])]);
}

function methodFault(method: string): HostRefusal | undefined {
  if (!TOKEN.test(method)) return invalid('method: expected a token such as GET');
  return NO_METHODS.has(method.toUpperCase()) ? invalid(`method: ${method} is not offered`) : undefined;
}

function headersFault(headers: readonly (readonly [string, string])[]): HostRefusal | undefined {
  for (const [name, value] of headers) {
    if (!TOKEN.test(name)) return invalid('headers: expected a token as a name, such as accept');
    if (OURS.has(name) || name.startsWith('proxy-')) return invalid(`headers: ${name} is set by the host`);
    if (!VALUE.test(value)) return invalid(`headers: expected a value of visible ASCII for ${name}`);
  }
  return undefined;
}

function bodyFault({ length }: Uint8Array): HostRefusal | undefined {
  const max = HTTP_LIMITS.maxRequestBodyBytes;
  return length > max ? invalid(`body: expected at most ${max} bytes, found ${length}`) : undefined;
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
