import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The bare echo server, in a process of its own. */
export class BareServer {
  readonly #child: ChildProcess;
  readonly grpc: string;

  private constructor(child: ChildProcess, grpc: string) {
    this.#child = child;
    this.grpc = grpc;
  }

  static async start(): Promise<BareServer> {
    const child = fork(fileURLToPath(new URL('bare-echo.js', import.meta.url)));
    const [{ address }] = (await once(child, 'message')) as [{ address: string }];
    return new BareServer(child, address);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}
