import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, connect } from '../../src/client/client.js';
import type { CrashStep } from '../../src/package/crash-steps.js';
import { ServerProcess } from './server-process.js';

/**
 * In place of `src/package/crash-steps.ts`: from SIGUSR2 on each step is told on standard output, and behind the one that the file
 * of CRASH_FILE numbers the process is killed.
 */
const STEPS = `
import { readFileSync, writeSync } from 'node:fs';
const tell = (entry) => writeSync(1, JSON.stringify({ level: 'info', ...entry }) + '\\n');
let left;
process.on('SIGUSR2', () => {
  left = Number(readFileSync(process.env.CRASH_FILE, 'utf8'));
  tell({ msg: 'armed' });
});
export function passed(step, path) {
  if (left === undefined) return;
  tell({ msg: 'step', step, path });
  if (left-- === 0) process.kill(process.pid, 'SIGKILL');
}
`;

/** A copy of the build that crashes where it is told to. Returns its `dist`. */
export function buildThatCrashes(root: string): string {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (const place of ['package.json', 'proto']) cpSync(place, join(root, place), { recursive: true });
  for (const place of ['src', 'workers']) cpSync(join('dist', place), join(root, 'dist', place), { recursive: true });
  writeFileSync(join(root, 'dist/src/package/crash-steps.js'), STEPS);
  return join(root, 'dist');
}

export interface PassedStep {
  step: CrashStep;
  path: string;
}

/** A server that kills itself behind a step of what it is made to do. */
export class CrashingServer {
  readonly client: Client;
  readonly #server: ServerProcess;
  readonly #file: string;

  private constructor(server: ServerProcess, file: string) {
    this.#server = server;
    this.#file = file;
    this.client = connect(server.grpc, { timeoutMs: 60_000 });
  }

  /** @param dataDir beside which a file is put that says where to crash */
  static async start(dist: string, dataDir: string): Promise<CrashingServer> {
    const file = `${dataDir}.crash-at`;
    const flags = ['--spare-workers', '0', '--log-level', 'warn'];
    return new CrashingServer(await ServerProcess.start({ dist, dataDir, flags, env: { CRASH_FILE: file } }), file);
  }

  /** Since it was armed. */
  get steps(): PassedStep[] {
    return this.#server.log.filter(({ msg }) => msg === 'step') as unknown as PassedStep[];
  }

  /**
   * Makes a change, and dies behind that step of it, or when it is done.
   * @returns whether it was answered
   */
  async dieIn(change: (client: Client) => Promise<unknown>, step: number): Promise<boolean> {
    writeFileSync(this.#file, String(step));
    this.#server.child.kill('SIGUSR2');
    await this.#server.logged(({ msg }) => msg === 'armed');
    const answered = await change(this.client).then(
      () => true,
      (error: unknown) => {
        if (step === NEVER) throw error;
        return false;
      },
    );
    await this.stop('SIGKILL');
    return answered;
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.client.close();
    await this.#server.stop(signal);
  }
}

/** For `dieIn`: behind no step of the change. */
export const NEVER = -1;
