import { HTTP_LIMITS } from '../../limits/http.js';
import type { PluginLimits } from '../../limits/plugin-limits.js';
import {
  countField,
  countOf,
  type HostAnswer,
  type HostOperation,
  type HostRefusal,
} from '../../protocol/host-calls.js';
import type { Passing } from '../gate.js';
import { type LimitUse, quotaUse } from '../limit-use.js';
import type { Rates } from '../rates.js';
import { denied, invalid, tooMuch } from '../refusals.js';
import type { HostService, Prepared } from '../service.js';
import type { Connection } from './connection.js';
import { faultOf } from './fault.js';
import type { Lookup } from './lookup.js';
import { OpenBodies } from './open-bodies.js';
import { type HttpRequest, requestOf } from './request.js';
import { type RequestObserver, Sender } from './sender.js';
import { permissionOf } from './target.js';
import { TimeLimit } from './time-limit.js';

const REQUEST_RATES = ['http requests', 'http bytes out', 'http bytes in'] as const;
const BODY_RATES = ['http bytes in'] as const;
const encoder = new TextEncoder();

/** One plugin's calls of `hal9:plugin/http`: the grant of host and port, then the rates, and then every address that is connected to. */
export class HttpCalls implements HostService {
  readonly operations = ['http.fetch', 'http.open', 'http.read', 'http.close'] as const;
  readonly #rates: Rates;
  readonly #limits: PluginLimits;
  readonly #sender: Sender;
  readonly #bodies = new OpenBodies();
  #connections = 0;

  /** @param observe told of each request that was let through to the network, or refused for where its name leads */
  constructor(parts: {
    rates: Rates;
    limits: PluginLimits;
    observe: RequestObserver;
    lookup?: Lookup | undefined;
  }) {
    this.#rates = parts.rates;
    this.#limits = parts.limits;
    this.#sender = new Sender(parts);
  }

  read(operation: HostOperation, fields: readonly Uint8Array[], { rights }: Passing): Prepared | HostRefusal {
    if (operation === 'http.read') return { rates: BODY_RATES, act: (passing) => this.#read(fields, passing) };
    if (operation === 'http.close') return { rates: [], act: (passing) => this.#close(fields, passing) };
    const request = requestOf(fields);
    if ('ok' in request) return request;
    const permission = permissionOf(request.target);
    if (!rights.mayUse(permission)) return denied(permission);
    const answer = operation === 'http.fetch' ? this.#fetch : this.#open;
    return { rates: REQUEST_RATES, act: (passing) => this.#send(request, passing, answer) };
  }

  async uses(): Promise<LimitUse[]> {
    return [
      quotaUse('http connections', this.#connections, this.#limits),
      quotaUse('http open bodies', this.#bodies.most, this.#limits),
    ];
  }

  /** Sends it, and answers with what is made of the connection. */
  async #send(
    request: HttpRequest,
    passing: Passing,
    answer: (connection: Connection, passing: Passing) => Promise<HostAnswer>,
  ): Promise<HostAnswer> {
    const max = this.#limits.quotas['http connections'];
    if (this.#connections >= max)
      return tooMuch(`the plugin has ${max} connections, and may have no more`, {
        limit: 'http-connections',
        max,
        retry_after_ms: HTTP_LIMITS.retryMs,
      });
    this.#connections++;
    const limit = new TimeLimit(request.timeoutMs, passing.signal);
    try {
      const reached = await this.#sender.send(request, passing.rights, limit, () => this.#connections--);
      return 'ok' in reached ? reached : await answer.call(this, reached, passing);
    } catch (error) {
      return faultOf(error, limit);
    }
  }

  async #fetch(connection: Connection): Promise<HostAnswer> {
    const max = HTTP_LIMITS.maxResponseBodyBytes;
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    try {
      for (;;) {
        const piece = await connection.read(max);
        if (piece === undefined) return head(connection, Buffer.concat(pieces));
        this.#rates.spend('http bytes in', piece.length);
        bytes += piece.length;
        if (bytes > max)
          return tooMuch(`the body has more than ${max} bytes; open it and read it in pieces`, {
            limit: 'http-body',
            max,
          });
        pieces.push(piece);
      }
    } finally {
      connection.close();
    }
  }

  async #open(connection: Connection, { signal }: Passing): Promise<HostAnswer> {
    const max = this.#limits.quotas['http open bodies'];
    const body = this.#bodies.add(signal, connection, max);
    if (body !== undefined) return head(connection, countField(body));
    connection.close();
    return tooMuch(`${max} bodies are open, which is all there may be; close one`, { limit: 'http-open-bodies', max });
  }

  async #read([body, most]: readonly Uint8Array[], { signal }: Passing): Promise<HostAnswer> {
    const number = countOf(body) ?? 0;
    const open = this.#bodies.get(signal, number);
    if (open === undefined) return invalid(`body: expected one that is open, found ${number}`);
    const maxBytes = Math.min(countOf(most) ?? 0, HTTP_LIMITS.maxPieceBytes);
    if (maxBytes === 0) return invalid('max-bytes: expected at least 1, found 0');
    try {
      const piece = await open.connection.read(maxBytes);
      this.#rates.spend('http bytes in', piece?.length ?? 0);
      if (piece === undefined) open.close();
      return { ok: true, fields: [piece ?? new Uint8Array(0)] };
    } catch (error) {
      open.close();
      return faultOf(error, open.connection.limit);
    }
  }

  async #close([body]: readonly Uint8Array[], { signal }: Passing): Promise<HostAnswer> {
    this.#bodies.get(signal, countOf(body) ?? 0)?.close();
    return { ok: true, fields: [] };
  }
}

/** Status, URL, body or its number, and then each header's name and value. */
function head({ exchange, url }: Connection, body: Uint8Array): HostAnswer {
  const headers = exchange.headers.flat().map((text) => encoder.encode(text));
  return { ok: true, fields: [countField(exchange.status), encoder.encode(url), body, ...headers] };
}
