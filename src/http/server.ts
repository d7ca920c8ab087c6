import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { clientCertificate } from '../access/client-certificate.js';
import type { Gatekeeper } from '../access/gatekeeper.js';
import type { Tls } from '../access/tls.js';
import { contextOptions } from '../access/tls-material.js';
import type { ServerConfig } from '../config.js';
import { HostError } from '../errors.js';
import { ACCESS_LIMITS, SERVER_LIMITS } from '../limits.js';
import { formatAddress } from '../listen-address.js';
import type { Log } from '../observe/log.js';
import type { Metrics } from '../observe/metrics.js';

export interface HttpOptions {
  config: Pick<ServerConfig, 'httpListen' | 'maxConnections'>;
  log: Log;
  metrics: Pick<Metrics, 'contentType' | 'text'>;
  /** Who lets scrapers in; undefined where whoever can connect may. */
  gatekeeper?: Gatekeeper | undefined;
  /** Undefined where TLS is not spoken. */
  tls?: Tls | undefined;
  /** Undefined when calls are served; else why not, in a few words. */
  notReady: () => string | undefined;
}

/** A response as one value; `HEAD` sends it without its body. */
interface Answer {
  status: number;
  type: string;
  body: string;
  headers?: Readonly<Record<string, string>>;
}

const plain = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers,
  type: 'text/plain; charset=utf-8',
  body: `${text}\n`,
});

/** `/metrics`, `/healthz` and `/readyz` for those who scrape and probe. */
export class HttpServer {
  /** `127.0.0.1:9469`, with the port that was picked. */
  readonly address: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param maxConnections Beyond it the oldest connection is closed: a client asks in one, for milliseconds, or connects again. */
  constructor(server: Server, address: string, maxConnections: number) {
    this.#server = server;
    this.address = address;
    server.on('connection', (socket) => {
      const open = [...this.#sockets].filter(({ destroyed }) => !destroyed);
      if (open.length >= maxConnections) open[0]?.destroy();
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Stops at once; nobody waits for more than a page of metrics. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      // Of those whose TLS handshake is not done, HTTP knows nothing.
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

/** @throws HostError LISTEN_REFUSED where somebody else has the address. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { httpListen, maxConnections } = options.config;
  const server = createFor(options, (request, response) => void respond(options, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(formatAddress(httpListen), error)));
    server.listen({ host: httpListen.host, port: httpListen.port }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return new HttpServer(server, formatAddress({ ...httpListen, port }), maxConnections);
}

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

/** Clients may show certificates, and need not: probes have none. One that is not good counts as none. */
function createFor({ tls }: HttpOptions, onRequest: OnRequest): Server {
  const bounds: ServerOptions = {
    maxHeaderSize: SERVER_LIMITS.maxHttpHeaderBytes,
    headersTimeout: SERVER_LIMITS.httpRequestMs,
    requestTimeout: SERVER_LIMITS.httpRequestMs,
    keepAliveTimeout: SERVER_LIMITS.httpKeepAliveMs,
    connectionsCheckingInterval: SERVER_LIMITS.httpRequestMs,
  };
  if (tls === undefined) return createServer(bounds, onRequest);
  const clients = { requestCert: tls.asksClients, rejectUnauthorized: false };
  const handshakeTimeout = ACCESS_LIMITS.handshakeMs;
  const server = createSecureServer(
    { ...bounds, ...contextOptions(tls.files), ...clients, handshakeTimeout },
    onRequest,
  );
  tls.onChange((files) => server.setSecureContext(contextOptions(files)));
  return server;
}

function listenError(where: string, error: NodeJS.ErrnoException): HostError {
  const why = error.code === 'EADDRINUSE' ? 'another process listens there; choose another port' : error.code;
  return new HostError('LISTEN_REFUSED', `cannot listen on ${where}: ${why}`, { cause: error });
}

async function respond(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    // What else the client sends is not read.
    response.setHeader('connection', 'close');
    response.setHeader('allow', 'GET, HEAD');
    return send(response, plain(405, 'only GET and HEAD'), false);
  }
  try {
    send(response, await answer(options, request), request.method === 'HEAD');
  } catch (error) {
    options.log.error({ err: error, path: pathOf(request) }, 'an HTTP request failed');
    send(response, plain(500, 'the server failed; its log says more'), false);
  }
}

async function answer(options: HttpOptions, request: IncomingMessage): Promise<Answer> {
  const { metrics, notReady } = options;
  switch (pathOf(request)) {
    case '/metrics':
      return turnedAway(options, request) ?? { status: 200, type: metrics.contentType, body: await metrics.text() };
    case '/healthz':
      return plain(200, 'ok');
    case '/readyz': {
      const reason = notReady();
      return reason === undefined ? plain(200, 'ready') : plain(503, reason);
    }
    default:
      return plain(404, 'not found; there are /metrics, /healthz and /readyz');
  }
}

/** What a caller gets that may not see the metrics; undefined for one that may. Probes need no role. */
function turnedAway({ gatekeeper }: HttpOptions, request: IncomingMessage): Answer | undefined {
  if (gatekeeper === undefined) return undefined;
  try {
    const { authorization } = request.headers;
    const certificate = request.socket instanceof TLSSocket ? clientCertificate(request.socket) : undefined;
    gatekeeper.admit({ authorization, certificate }, ['observe'], pathOf(request));
    return undefined;
  } catch (error) {
    const { reason, message } = HostError.from(error);
    if (reason === 'ROLE_MISSING') return plain(403, message);
    return plain(401, message, { 'www-authenticate': 'Bearer realm="hal9"' });
  }
}

function pathOf(request: IncomingMessage): string {
  return request.url?.split('?', 1)[0] ?? '';
}

function send(response: ServerResponse, { status, type, body, headers }: Answer, headOnly: boolean): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(headOnly ? undefined : body);
}
