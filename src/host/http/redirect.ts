import type { HostRefusal } from '../../protocol/host-calls.js';
import type { HttpRequest } from './request.js';
import { targetOf } from './target.js';

const STATUSES = new Set([301, 302, 303, 307, 308]);
/** What is meant for one origin is not told to another one. */
const SECRETS = new Set(['authorization', 'cookie']);

/** The place that an answer names instead of itself; undefined where it is an answer. */
export function locationOf(status: number, headers: readonly (readonly [string, string])[]): string | undefined {
  if (!STATUSES.has(status)) return undefined;
  return headers.find(([name]) => name === 'location')?.[1];
}

/**
 * The request for another place (Fetch standard, HTTP-redirect fetch): a POST becomes a GET after 301 and 302, anything but GET and
 * HEAD after 303, and then there is no body.
 */
export function redirected(request: HttpRequest, status: number, location: string): HttpRequest | HostRefusal {
  const target = targetOf(location, request.target.url);
  if ('ok' in target) return target;
  const { method } = request;
  const becomesGet = status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST';
  const sameOrigin = target.url.origin === request.target.url.origin;
  const headers = request.headers.filter(
    ([name]) => (sameOrigin || !SECRETS.has(name)) && !(becomesGet && name.startsWith('content-')),
  );
  const left = { ...request, target, headers };
  return becomesGet ? { ...left, method: 'GET', body: new Uint8Array(0) } : left;
}
