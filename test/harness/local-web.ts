import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server on a port of this machine that was free, for plugins to send their requests to. */
export class LocalWeb {
  readonly server: Server;
  readonly port: number;
  readonly url: string;

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  static async start(answer: RequestListener): Promise<LocalWeb> {
    const server = createServer(answer);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new LocalWeb(server);
  }

  /** Permission to send requests to it. */
  get permission(): { NetworkHttp: { hosts: string[]; ports: number[] } } {
    return { NetworkHttp: { hosts: ['127.0.0.1'], ports: [this.port] } };
  }

  /** Also ends connections that are in use. */
  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
