import { HTTP_LIMITS } from '../../limits/http.js';
import type { HostRefusal } from '../../protocol/host-calls.js';
import type { Rates } from '../rates.js';
import { denied, deniedAddress, networkError } from '../refusals.js';
import type { Rights } from '../service.js';
import { Connection } from './connection.js';
import { type Exchange, exchange } from './exchange.js';
import { faultOf } from './fault.js';
import { type Address, type Lookup, literalAddress, systemLookup } from './lookup.js';
import { locationOf, redirected } from './redirect.js';
import type { HttpRequest } from './request.js';
import { permissionOf } from './target.js';
import type { TimeLimit } from './time-limit.js';
import { Turns } from './turns.js';

/** @param outcome the status of the answer, or the code of the refusal */
export type RequestObserver = (method: string, origin: string, outcome: string) => void;

/** Sends requests on the way that they may go: each, and each redirect, to addresses that were checked for it. */
export class Sender {
  readonly #rates: Rates;
  readonly #observe: RequestObserver;
  readonly #lookup: Lookup;
  readonly #lookups = new Turns(1);

  constructor(parts: { rates: Rates; observe: RequestObserver; lookup?: Lookup | undefined }) {
    this.#rates = parts.rates;
    this.#observe = parts.observe;
    this.#lookup = parts.lookup ?? systemLookup;
  }

  /**
   * @param onEnd called once: when there is no connection, or no more
   * @returns the answer, with the body still to come
   */
  async send(
    request: HttpRequest,
    rights: Rights,
    limit: TimeLimit,
    onEnd: () => void,
  ): Promise<Connection | HostRefusal> {
    const reached = await this.#follow(request, rights, limit);
    if (!('ok' in reached)) return new Connection(reached.exchange, reached.url, limit, onEnd);
    limit.end();
    onEnd();
    return reached;
  }

  async #follow(
    first: HttpRequest,
    rights: Rights,
    limit: TimeLimit,
  ): Promise<{ exchange: Exchange; url: string } | HostRefusal> {
    let request = first;
    for (let hops = 0; ; hops++) {
      const sent = await this.#sendOnce(request, rights, limit);
      if ('ok' in sent) return sent;
      const location = request.redirects === 'manual' ? undefined : locationOf(sent.status, sent.headers);
      if (location === undefined) return { exchange: sent, url: request.target.url.href };
      sent.close();
      const next = this.#next({ request, rights, hops }, sent.status, location);
      if ('ok' in next) return next;
      request = next;
    }
  }

  #next(
    { request, rights, hops }: { request: HttpRequest; rights: Rights; hops: number },
    status: number,
    location: string,
  ): HttpRequest | HostRefusal {
    if (request.redirects === 'refuse')
      return networkError('the server redirects, which the request refuses', 'REDIRECT');
    if (hops >= HTTP_LIMITS.maxRedirects)
      return networkError(`the server redirects more than ${HTTP_LIMITS.maxRedirects} times`, 'TOO_MANY_REDIRECTS');
    const next = redirected(request, status, location);
    if ('ok' in next) return networkError('the server redirects to what is no URL of HTTP', 'BAD_REDIRECT');
    const permission = permissionOf(next.target);
    if (!rights.mayUse(permission)) return denied(permission);
    this.#rates.spend('http requests', 1);
    return next;
  }

  async #sendOnce(request: HttpRequest, rights: Rights, limit: TimeLimit): Promise<Exchange | HostRefusal> {
    const { method, target, body, headers } = request;
    const sent = await this.#exchange(request, rights, limit).catch((error: unknown) => faultOf(error, limit));
    this.#observe(method, target.url.origin, 'ok' in sent ? sent.code : String(sent.status));
    this.#rates.spend('http bytes out', target.url.href.length + sizeOf(headers) + body.length);
    if (!('ok' in sent)) this.#rates.spend('http bytes in', sizeOf(sent.headers));
    return sent;
  }

  /** One name of a plugin at a time: one whose names take long to resolve must not hold all the places of the others. */
  #addressesOf(name: string, limit: TimeLimit): Promise<Address[]> {
    const { signal } = limit;
    return limit.race(() => this.#lookups.take(signal, () => this.#lookup(name, signal)));
  }

  async #exchange(request: HttpRequest, rights: Rights, limit: TimeLimit): Promise<Exchange | HostRefusal> {
    const { target } = request;
    const literal = literalAddress(target.host);
    const found = literal === undefined ? await this.#addressesOf(target.host, limit) : [literal];
    const addresses = found.slice(0, HTTP_LIMITS.maxAddresses);
    if (addresses.length === 0) return networkError('the name of the server has no address', 'ENOTFOUND');
    const { kind, port } = target;
    const may = ({ address }: Address): boolean => rights.mayConnect({ kind, port, address });
    if (!addresses.every(may)) return deniedAddress(permissionOf(target));
    return exchange(request, addresses, limit.signal);
  }
}

function sizeOf(headers: readonly (readonly [string, string])[]): number {
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}
