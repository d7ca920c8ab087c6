import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { Gatekeeper } from '../access/gatekeeper.js';
import type { ServerConfig } from '../config.js';
import { CLIENT_LIMITS } from '../limits/clients.js';
import { REQUEST_LIMITS, SERVER_LIMITS } from '../limits.js';
import type { Log } from '../observe/log.js';
import { Seldom } from '../observe/seldom.js';
import { admission } from './admission.js';
import {
  EXECUTION_SERVICE,
  KEY_SERVICE,
  MANAGEMENT_SERVICE,
  MEMORY_SERVICE,
  type ServiceBinding,
} from './definitions.js';
import { guarded, noted } from './guard.js';
import { Health } from './health.js';
import { InFlight } from './in-flight.js';
import { type Listener, type ListenOptions, listen } from './listener.js';
import { addReflection } from './reflection.js';
import type { ServiceRefusal } from './status.js';
import { Unfinished, type UnfinishedBounds } from './unfinished.js';
import { Unsent } from './unsent.js';

export interface RpcOptions {
  config: Pick<
    ServerConfig,
    | 'grpcListen'
    | 'maxMessageBytes'
    | 'maxStreams'
    | 'maxConnections'
    | 'maxInFlight'
    | 'keepaliveMs'
    | 'keepaliveTimeoutMs'
  >;
  log: Log;
  metrics: { refused(reason: string): void };
  services: readonly ServiceBinding[];
  /** Who lets callers in; undefined where whoever can connect may do everything. */
  gatekeeper?: Gatekeeper | undefined;
  /** Makes what does TLS handshakes; undefined where none is spoken. */
  secured?: ListenOptions['secured'];
  /** On what is held of requests that are not complete; undefined: the usual ones, where there is a gatekeeper. */
  unfinished?: Partial<UnfinishedBounds> | undefined;
  /** Called when the server stops taking calls; what it returns is waited for, within the drain timeout. */
  onDrain?: () => void | Promise<void>;
}

/** After the last answer was given, for it to reach the client. */
const LAST_WRITES_MS = 1_000;

/** The gRPC server: listening, not serving before `serve`. */
export class RpcServer {
  readonly health: Health;
  readonly inFlight: InFlight;
  readonly #server: Server;
  readonly #listener: Listener;
  readonly #onDrain: () => void | Promise<void>;

  constructor(parts: {
    health: Health;
    inFlight: InFlight;
    server: Server;
    listener: Listener;
    onDrain: () => void | Promise<void>;
  }) {
    this.health = parts.health;
    this.inFlight = parts.inFlight;
    this.#server = parts.server;
    this.#listener = parts.listener;
    this.#onDrain = parts.onDrain;
  }

  /** What a client connects to: `127.0.0.1:50051` or `unix:/run/hal9.sock`. */
  get address(): string {
    return this.#listener.address;
  }

  /** Health says SERVING from here on. */
  serve(): void {
    this.health.set('SERVING');
  }

  /**
   * Stops in order: not serving, no new connection, no new call; calls under way may end within `drainMs`; then every
   * connection is closed.
   *
   * @returns how many calls were cut off.
   */
  async shutdown(drainMs: number): Promise<number> {
    const deadline = Date.now() + drainMs;
    this.health.set('NOT_SERVING');
    this.inFlight.stop();
    this.#listener.stop();
    const drained = Promise.all([this.inFlight.idle(), this.#onDrain()]);
    // Each connection is told that no call may begin, and closes itself after its last answer. grpc-js, which has not accepted
    // them, does not know when; so they are watched here.
    this.#server.tryShutdown(() => {});
    const closed = this.#listener.closed();
    await within(drainMs, drained);
    this.health.endWatches();
    const cut = this.inFlight.count;
    await within(Math.min(LAST_WRITES_MS, Math.max(0, deadline - Date.now())), closed);
    this.forceShutdown();
    return cut;
  }

  /** Closes every connection now. */
  forceShutdown(): void {
    this.inFlight.stop();
    this.#listener.stop();
    this.#listener.destroyConnections();
    this.#server.forceShutdown();
  }
}

/**
 * Starts the gRPC server with health and reflection beside the given services.
 *
 * @throws HostError LISTEN_REFUSED
 */
export async function startRpc(options: RpcOptions): Promise<RpcServer> {
  const { config, log, metrics, services, gatekeeper, secured, onDrain } = options;
  const health = new Health([EXECUTION_SERVICE, MANAGEMENT_SERVICE, MEMORY_SERVICE, KEY_SERVICE]);
  const inFlight = new InFlight(config.maxInFlight);
  const refused = (path: string, refusal: ServiceRefusal): void => void noted(path, refusal, { log, metrics });
  const disconnect = (peer: string): void => {
    slow();
    listener.disconnect(peer);
  };
  const slow = slowConnections(log);
  // Without an access file whoever can connect may do everything, and no call pays for being watched.
  const bounds = options.unfinished ?? (gatekeeper === undefined ? undefined : {});
  const interceptors = bounds === undefined ? [] : [new Unfinished({ disconnect, refused, bounds }).interceptor];
  if (gatekeeper !== undefined) {
    interceptors.push(
      admission({
        gatekeeper,
        certificateOf: (peer) => listener.certificateOf(peer),
        admitted: (peer) => listener.admitted(peer),
        refused,
      }),
    );
  }
  const server = new Server({ ...serverOptions(config), interceptors });
  const unsent = new Unsent(SERVER_LIMITS.maxUnsentBytes, disconnect);
  for (const service of services) {
    const { definition, implementation } = guarded(service, { inFlight, unsent, log, metrics });
    server.addService(definition, implementation);
  }
  server.addService(health.binding.definition, health.binding.implementation);
  addReflection(server, [health.binding.definition]);
  // Connections are handed in rather than accepted by grpc-js: it knows no bound on them, gives a Unix socket the
  // process's mode, and with channelz off cannot close those that do not end by themselves.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = await listen(config.grpcListen, {
    maxConnections: config.maxConnections,
    secured,
    strangersMs: gatekeeper === undefined ? undefined : CLIENT_LIMITS.strangersMs,
    onConnection: (socket) => injector.injectConnection(socket),
    onRefused: refusedConnections(log, config.maxConnections),
  });
  return new RpcServer({ health, inFlight, server, listener, onDrain: onDrain ?? (() => {}) });
}

function serverOptions(config: RpcOptions['config']): ServerOptions {
  return {
    'grpc.max_receive_message_length': config.maxMessageBytes,
    // The execution service makes its answers fit `maxMessageBytes` itself; lists have as many plugins as there are.
    'grpc.max_send_message_length': Math.max(config.maxMessageBytes, REQUEST_LIMITS.maxListReplyBytes),
    'grpc.max_concurrent_streams': config.maxStreams,
    'grpc.keepalive_time_ms': config.keepaliveMs,
    'grpc.keepalive_timeout_ms': config.keepaliveTimeoutMs,
    // Its statistics cost a few objects a call, and nothing here reads them.
    'grpc.enable_channelz': 0,
  };
}

/** Says that connections are refused. */
function refusedConnections(log: Log, maxConnections: number): () => void {
  const told = new Seldom(SERVER_LIMITS.connectionsLogMs, (refused) =>
    log.warn(
      { refused, maxConnections },
      'connections are refused: as many are open as may be; raise max_connections, or find the client that holds them',
    ),
  );
  return () => told.note();
}

/** Says that clients which do not read are cut off. */
function slowConnections(log: Log): () => void {
  const told = new Seldom(SERVER_LIMITS.connectionsLogMs, (closed) =>
    log.warn(
      { closed },
      'connections are closed: their clients do not read their answers, or finish their requests, and memory for those is full',
    ),
  );
  return () => told.note();
}

/** Waits for it, but no longer than so many milliseconds. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
