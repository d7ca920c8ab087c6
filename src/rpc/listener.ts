import { linkSync, lstatSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { ClientCertificate } from '../access/access-list.js';
import type { TerminatorOptions, TlsTerminator } from '../access/tls-terminator.js';
import { HostError } from '../errors.js';
import { formatAddress, type ListenAddress } from '../listen-address.js';
import { Connections, type ConnectionTimes } from './connections.js';

export interface ListenOptions {
  /** Open at once; one more is refused, or takes the place of the oldest stranger. */
  maxConnections: number;
  onConnection: (socket: Socket) => void;
  /** Where TLS is spoken: makes what does the handshakes, and hands over what is inside. */
  secured?: ((onSecured: TerminatorOptions['onSecured']) => Pick<TlsTerminator, 'terminate'>) | undefined;
  /** Where callers have to be let in: for the first of a connection. One on which nobody was is closed. */
  strangersMs?: number | undefined;
  /** Told of each connection that was refused. */
  onRefused?: () => void;
  times?: ConnectionTimes;
}

/** Where connections come in, and its end. */
export class Listener {
  /** What a client connects to, with the port that was picked. */
  readonly address: string;
  readonly #server: Server;
  readonly #connections: Connections;

  constructor(server: Server, address: string, connections: Connections) {
    this.#server = server;
    this.address = address;
    this.#connections = connections;
  }

  /** Takes no new connection; a Unix socket's file goes. */
  stop(): void {
    this.#server.close();
  }

  /** Resolves once every connection that is open now has been closed. */
  closed(): Promise<void> {
    return this.#connections.closed();
  }

  /** @param peer `getPeer()` of a call. */
  certificateOf(peer: string): ClientCertificate | undefined {
    return this.#connections.certificateOf(peer);
  }

  /** A caller was let in: its connection may stay. @param peer `getPeer()` of a call. */
  admitted(peer: string): void {
    this.#connections.admitted(peer);
  }

  /** @param peer `getPeer()` of a call. */
  disconnect(peer: string): void {
    this.#connections.destroy(peer);
  }

  destroyConnections(): void {
    this.#connections.destroyAll();
  }
}

/**
 * Listens on a port or a Unix socket. The socket's file has mode 0600 from its first moment. One that a dead server
 * left behind is removed; one that a live server, or anything else, holds is not.
 *
 * @throws HostError LISTEN_REFUSED where somebody else has the address, or the system says no.
 */
export async function listen(address: ListenAddress, options: ListenOptions): Promise<Listener> {
  const { maxConnections, onConnection, onRefused = () => {}, times, strangersMs } = options;
  const connections = new Connections(times, strangersMs);
  const terminator = options.secured?.((socket, certificate) => {
    connections.addSecured(socket, certificate);
    onConnection(socket);
  });
  const server = createServer({ noDelay: true }, (socket) => {
    if (!connections.makeRoom(maxConnections)) {
      socket.destroy();
      return onRefused();
    }
    connections.add(socket);
    if (terminator === undefined) onConnection(socket);
    else terminator.terminate(socket);
  });
  if (address.type === 'unix') {
    if (!exists(dirname(address.path))) {
      throw new HostError(
        'LISTEN_REFUSED',
        `cannot listen on ${formatAddress(address)}: its directory does not exist; create it`,
      );
    }
    await removeDeadSocket(address.path);
    await listening(server, address, () => listenPrivately(server, address.path));
    checkMode(server, address.path);
    return new Listener(server, formatAddress(address), connections);
  }
  await listening(server, address, () => server.listen({ host: address.host, port: address.port }));
  const { port } = server.address() as AddressInfo;
  return new Listener(server, formatAddress({ ...address, port }), connections);
}

function listening(server: Server, address: ListenAddress, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
    server.once('listening', resolve);
    start();
  });
}

/** `bind` makes the file within this call, so the mask of the process is enough and holds for no other file of ours. */
function listenPrivately(server: Server, path: string): void {
  const before = process.umask(0o177);
  try {
    server.listen({ path });
  } finally {
    process.umask(before);
  }
}

function checkMode(server: Server, path: string): void {
  const mode = statSync(path).mode & 0o777;
  if (mode === 0o600) return;
  server.close();
  throw new HostError(
    'LISTEN_REFUSED',
    `the socket got mode ${mode.toString(8)} rather than 600; use a file system with modes`,
  );
}

function listenError(address: ListenAddress, error: NodeJS.ErrnoException): HostError {
  const where = formatAddress(address);
  const why = {
    EADDRINUSE: 'another process listens there; stop it, or choose another address',
    EACCES: 'this user may not; choose another port or directory',
    EADDRNOTAVAIL: 'this machine does not have that address',
  }[error.code ?? ''];
  return new HostError('LISTEN_REFUSED', `cannot listen on ${where}: ${why ?? error.code ?? 'the system refused'}`, {
    cause: error,
  });
}

/**
 * Removes the socket file of a server that died. It is moved aside first and asked again there: had another server
 * come up in between, the file that was moved is that server's, and goes back.
 */
async function removeDeadSocket(path: string): Promise<void> {
  if (!exists(path)) return;
  if (!lstatSync(path).isSocket()) {
    throw new HostError('LISTEN_REFUSED', `${path} exists and is not a socket; remove it, or choose another path`);
  }
  if (await answers(path)) throw inUse(path);
  const aside = `${path}.${process.pid}`;
  renameSync(path, aside);
  if (await answers(aside)) {
    linkSync(aside, path);
    unlinkSync(aside);
    throw inUse(path);
  }
  unlinkSync(aside);
}

function inUse(path: string): HostError {
  return new HostError(
    'LISTEN_REFUSED',
    `cannot listen on unix:${path}: another process listens there; stop it, or choose another path`,
  );
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Whether somebody accepts connections there. Only a clear "nobody does" counts as no. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}
