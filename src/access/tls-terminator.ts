import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { ACCESS_LIMITS } from '../limits.js';
import type { ClientCertificate } from './access-list.js';
import { clientCertificate } from './client-certificate.js';
import type { DenialReason, Denials } from './denials.js';
import type { Tls } from './tls.js';
import { contextOptions } from './tls-material.js';

/** The only protocol that gRPC speaks (ALPN, RFC 7301). */
const HTTP2 = 'h2';

export interface TerminatorOptions {
  tls: Tls;
  denials: Denials;
  /** Gets each connection whose handshake is done. */
  onSecured: (socket: TLSSocket, certificate: ClientCertificate | undefined) => void;
  handshakeMs?: number;
}

/**
 * Does the TLS handshake of sockets that somebody else has accepted, and counts against a bound. Where clients are asked for
 * certificates, one without a good one comes no further. A change of the certificate is for handshakes from then on.
 */
export class TlsTerminator {
  /** Never listens. */
  readonly #server: Server;

  constructor({ tls, denials, onSecured, handshakeMs = ACCESS_LIMITS.handshakeMs }: TerminatorOptions) {
    this.#server = createServer({
      ...contextOptions(tls.files),
      requestCert: tls.asksClients,
      // Judged below, where it is counted and said why.
      rejectUnauthorized: false,
      handshakeTimeout: handshakeMs,
      ALPNProtocols: [HTTP2],
    });
    const turnAway = (socket: TLSSocket, reason: DenialReason, detail: string): void => {
      denials.note({ reason, actor: '', target: '', detail });
      socket.destroy();
    };
    this.#server.on('secureConnection', (socket) => {
      if (socket.alpnProtocol !== HTTP2)
        return turnAway(socket, 'handshake_failed', 'the client does not offer HTTP/2');
      if (tls.asksClients && !socket.authorized) {
        return turnAway(socket, 'certificate_untrusted', String(socket.authorizationError));
      }
      onSecured(socket, clientCertificate(socket));
    });
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      // Whoever only looks whether the port is open is no denial.
      if (error.code === 'ECONNRESET') socket.destroy();
      else turnAway(socket, 'handshake_failed', error.code ?? error.message);
    });
    tls.onChange((files) => this.#server.setSecureContext(contextOptions(files)));
  }

  /** Begins the handshake. The socket is closed where it fails or takes too long. */
  terminate(socket: Socket): void {
    this.#server.emit('connection', socket);
  }
}
