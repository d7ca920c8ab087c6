import type { HostRefusal } from '../../protocol/host-calls.js';
import { ended, networkError, timedOut } from '../refusals.js';
import type { TimeLimit } from './time-limit.js';

/** What a guest is told of an error between here and the server: a code that the system or undici gives, and words of ours. */
export function faultOf(error: unknown, limit: TimeLimit): HostRefusal {
  if (limit.passed) return timedOut();
  if (limit.lifeEnded) return ended();
  const code = codeOf(error);
  if (/^UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT$|^ETIMEDOUT$/.test(code)) return timedOut();
  return networkError(wordsFor(code), code);
}

function wordsFor(code: string): string {
  if (/^(ENOTFOUND|EAI_\w+|ENODATA)$/.test(code)) return 'the name of the server does not resolve';
  if (code === 'ECONNREFUSED') return 'the server refused the connection';
  if (/CERT|CRL|SIGNATURE|_ISSUER_|ERR_TLS|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME/.test(code))
    return 'the certificate of the server is not accepted';
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'the headers of the answer are larger than they may be';
  return 'the connection to the server failed';
}

/** Where several addresses were tried, the code is the first one's. */
function codeOf(error: unknown): string {
  const { code, errors, cause } = (error ?? {}) as { code?: unknown; errors?: unknown[]; cause?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code)) return code;
  const inner = errors?.[0] ?? cause;
  return inner === undefined ? 'UNKNOWN' : codeOf(inner);
}
