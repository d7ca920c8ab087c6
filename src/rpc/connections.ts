import type { Socket } from 'node:net';
import type { ClientCertificate } from '../access/access-list.js';
import { SERVER_LIMITS } from '../limits.js';

/** How long a client may take for its first bytes, and how often connections are looked at. */
export interface ConnectionTimes {
  prefaceMs: number;
  checkMs: number;
}

const DEFAULT_TIMES: ConnectionTimes = {
  prefaceMs: SERVER_LIMITS.prefaceMs,
  checkMs: SERVER_LIMITS.connectionCheckMs,
};

/** What a client sends first: the preface, and the head of a SETTINGS frame (RFC 9113, sections 3.4 and 4.1). */
const PREFACE_BYTES = 24 + 9;

/** Of a socket's libuv handle, for which Node has no public name. */
interface StreamHandle {
  /** @returns 0 where the socket was not being read from. */
  readStart(): number;
  readonly writeQueueSize: number;
}

interface Connection {
  name: string;
  /** Its client's address and port, of which what is inside of a TLS connection has the same; empty on a Unix socket. */
  address: string;
  openedMs: number;
  /** Whether another socket that is listed here carries it. */
  carried: boolean;
  /** Whether nothing was read from it when it was last looked at. */
  abandoned: boolean;
}

/** The open connections of one listener, and the end of those that nobody uses: each counts against the bound on them. */
export class Connections {
  readonly #times: ConnectionTimes;
  readonly #open = new Map<Socket, Connection>();
  readonly #certificates = new Map<string, ClientCertificate>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  readonly #strangersMs: number | undefined;
  /** By name, the oldest first: those on which nobody was let in. Always empty where nobody has to be. */
  readonly #strangers = new Map<string, Socket>();

  /** @param strangersMs Undefined where nobody has to be let in. */
  constructor(times: ConnectionTimes = DEFAULT_TIMES, strangersMs?: number) {
    this.#times = times;
    this.#strangersMs = strangersMs;
  }

  /**
   * Takes a socket on, and names it: `getPeer()` of each of its calls is that name, also on a Unix socket, whose clients
   * have no address of their own.
   */
  add(socket: Socket): void {
    this.#add(socket, undefined, false);
  }

  /** As `add`, for what is inside of a TLS connection whose own socket was added before. */
  addSecured(socket: Socket, certificate: ClientCertificate | undefined): void {
    this.#add(socket, certificate, true);
  }

  /**
   * Sees to it that one more may be added. Where as many are open as may be, the oldest stranger is closed.
   *
   * @returns false where there is none.
   */
  makeRoom(maxConnections: number): boolean {
    let open = 0;
    for (const [socket, { carried }] of this.#open) if (!carried && !socket.destroyed) open++;
    if (open < maxConnections) return true;
    for (const socket of this.#strangers.values()) {
      if (socket.destroyed || this.#open.get(socket)?.carried !== false) continue;
      socket.destroy();
      return true;
    }
    return false;
  }

  /** Somebody was let in on the connection of that name, who is no stranger any more. */
  admitted(name: string): void {
    const socket = this.#strangers.get(name);
    if (socket === undefined) return;
    this.#strangers.delete(name);
    const { carried, address } = this.#open.get(socket) ?? {};
    if (carried !== true || address === '') return;
    for (const other of this.#open.values()) if (other.address === address) this.#strangers.delete(other.name);
  }

  /** Of the client at the other end of the connection of that name. */
  certificateOf(name: string): ClientCertificate | undefined {
    return this.#certificates.get(name);
  }

  #add(socket: Socket, certificate: ClientCertificate | undefined, carried: boolean): void {
    const name = `connection-${this.#count++}`;
    const { remoteAddress, remotePort } = socket;
    const address = remotePort === undefined ? '' : `${remoteAddress} ${remotePort}`;
    Object.defineProperties(socket, { remoteAddress: { value: name }, remotePort: { value: undefined } });
    this.#open.set(socket, { name, address, openedMs: performance.now(), carried, abandoned: false });
    if (this.#strangersMs !== undefined) this.#strangers.set(name, socket);
    if (certificate !== undefined) {
      this.#certificates.set(name, certificate);
      // Whoever has one of the operator's authority is known.
      this.admitted(name);
    }
    this.#timer ??= setInterval(() => this.#check(), this.#times.checkMs).unref();
    // A peer that resets its connection is gone, which `close` says as well.
    socket.on('error', () => {});
    socket.once('close', () => this.#remove(socket));
  }

  /** Resolves once every connection that is open now has been closed. */
  async closed(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }

  /** Closes the connection of that name, if it is still open. */
  destroy(name: string): void {
    for (const [socket, connection] of this.#open) if (connection.name === name) socket.destroy();
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #remove(socket: Socket): void {
    const name = this.#open.get(socket)?.name ?? '';
    this.#certificates.delete(name);
    this.#strangers.delete(name);
    this.#open.delete(socket);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    const startedBefore = performance.now() - this.#times.prefaceMs;
    const knownBefore = performance.now() - (this.#strangersMs ?? Infinity);
    for (const [socket, connection] of this.#open) {
      const silent = socket.bytesRead < PREFACE_BYTES && connection.openedMs < startedBefore;
      const abandoned = !connection.carried && isAbandoned(socket);
      const stranger = connection.openedMs < knownBefore && this.#strangers.has(connection.name);
      if (silent || stranger || (abandoned && connection.abandoned)) socket.destroy();
      connection.abandoned = abandoned;
    }
  }
}

/**
 * Whether HTTP/2 is done with a socket that is open all the same. When nghttp2 ends a session by itself, for instance
 * because its client resets too many streams, Node 20 stops to read from the socket and never closes it, so that it stays
 * for as long as the process does, even if the client hangs up. While an answer is being written Node does not read either;
 * then the write queue is not empty, and reading must not be started behind its back.
 *
 * Reading starts by this, so that the end of a client that has hung up is noticed at once.
 */
function isAbandoned(socket: Socket): boolean {
  const { _handle: handle } = socket as { _handle?: StreamHandle | null };
  return handle != null && handle.writeQueueSize === 0 && handle.readStart() === 0;
}
