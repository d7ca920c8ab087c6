import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Client } from 'undici';
import { HTTP_LIMITS } from '../../limits/http.js';
import { stands } from '../../protocol/defences.js';
import type { Address } from './lookup.js';
import type { HttpRequest } from './request.js';

/** The head of an answer, and its body as it comes. */
export interface Exchange {
  status: number;
  /** Names in lower case. */
  headers: [string, string][];
  body: AsyncIterator<Uint8Array>;
  /** Ends the connection. */
  close(): void;
}

/**
 * Sends one request over a connection of its own, which goes to one of the addresses that were checked and nowhere else; the
 * name is only said to the server (Host, and in the handshake). Nothing is kept: the next request is checked anew.
 * @throws what undici and the system throw
 */
export async function exchange(
  { target, method, headers, body, timeoutMs }: HttpRequest,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<Exchange> {
  const client = new Client(target.url.origin, {
    connect: { ...(stands('egress') ? { lookup: pinnedTo(addresses) } : {}), timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: HTTP_LIMITS.maxResponseHeaderBytes,
    allowH2: false,
  });
  const close = (): void => void client.destroy().catch(() => undefined);
  try {
    const answer = await client.request({
      path: `${target.url.pathname}${target.url.search}`,
      method: method as 'GET',
      headers: headers.flat(),
      body: body.length === 0 ? null : body,
      signal,
      responseHeaders: 'raw',
    });
    const raw = answer.headers as unknown as string[];
    return { status: answer.statusCode, headers: pairsOf(raw), body: answer.body[Symbol.asyncIterator](), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Answers every question for an address with those that were checked. */
function pinnedTo(addresses: readonly Address[]): LookupFunction {
  return (_, options, callback) => {
    const [first] = addresses;
    if (first === undefined) return callback(new Error('there is no address'), '');
    if (options.all === true) return callback(null, [...addresses] as LookupAddress[]);
    callback(null, first.address, first.family);
  };
}

function pairsOf(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [(raw[2 * i] ?? '').toLowerCase(), raw[2 * i + 1] ?? '']);
}
