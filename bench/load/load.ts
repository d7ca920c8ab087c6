import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BurstOrder, BurstResult } from './burst.js';
import { frame } from './frames.js';

const run = promisify(execFile);

/**
 * What the load process does beside sending comes out as the server's latency: it collects garbage before a burst, has room for
 * what comes together in one, and does not use more threads than one for that.
 */
const STEADY = ['--expose-gc', '--max-semi-space-size=64', '--v8-pool-size=1'];

/** Generates load in processes of its own: h2load for calls where it is installed, else Node; Node for streams. */
export class Load {
  readonly #node: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'hal9-bench-'));
  /** What calls are sent with. */
  readonly unaryTool: 'h2load' | 'node';

  private constructor(node: ChildProcess, unaryTool: 'h2load' | 'node') {
    this.#node = node;
    this.unaryTool = unaryTool;
  }

  static async start(): Promise<Load> {
    const node = fork(fileURLToPath(new URL('http2-load.js', import.meta.url)), { execArgv: STEADY });
    await once(node, 'spawn');
    const tool = await run('h2load', ['--version']).then(
      () => 'h2load' as const,
      () => 'node' as const,
    );
    return new Load(node, tool);
  }

  /** Carries out one burst. @throws Error when an answer is missing or wrong. */
  async burst(order: BurstOrder): Promise<BurstResult> {
    const byH2load = order.kind === 'unary' && order.perSecond === undefined && this.unaryTool === 'h2load';
    const result = byH2load ? await this.#h2load(order) : await this.#ask(order);
    if (result.wrong > 0) throw new Error(`${result.wrong} of ${order.count} answers of ${order.address} were wrong`);
    return result;
  }

  async stop(): Promise<void> {
    const exited = once(this.#node, 'exit');
    this.#node.disconnect();
    await exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ask(order: BurstOrder): Promise<BurstResult> {
    const answered = once(this.#node, 'message');
    this.#node.send(order);
    const [{ result, error }] = (await answered) as [{ result?: BurstResult; error?: string }];
    if (result === undefined) throw new Error(error ?? 'the load process said nothing');
    return result;
  }

  async #h2load(order: BurstOrder): Promise<BurstResult> {
    const body = join(this.#folder, 'body');
    const message = frame(Buffer.from(order.message, 'base64'));
    writeFileSync(body, message);
    const amount = ['-n', String(order.count), '-c', '1', '-t', '1', '-m', String(order.inFlight)];
    const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
    const url = `http://${order.address}/hal9.plugin.v1.PluginExecution/ProcessSignal`;
    const { stdout } = await run('h2load', [...amount, ...headers, '-d', body, url], { maxBuffer: 1_048_576 });
    return readReport(stdout, order);
  }
}

/** What h2load prints at its end (nghttp2 1.52, and those around it). */
function readReport(text: string, order: BurstOrder): BurstResult {
  const finished = /finished in ([\d.]+)(us|ms|s),/.exec(text);
  const succeeded = /(\d+) succeeded/.exec(text);
  const dataBytes = /traffic: .*\((\d+)\) data/.exec(text);
  const mean = /time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)/.exec(text);
  if (finished === null || succeeded === null || dataBytes === null || mean === null)
    throw new Error(`h2load said: ${text}`);
  const missing = order.count - Number(succeeded[1]);
  // A refusal is HTTP 200 without a message: it shows in the bytes that came back.
  const short = Math.max(0, order.count - Math.floor(Number(dataBytes[1]) / order.minAnswerBytes));
  return { ms: inMs(finished), medianUs: inMs(mean) * 1_000, wrong: Math.max(missing, short) };
}

function inMs([, value, unit]: RegExpExecArray): number {
  return Number(value) * (unit === 's' ? 1_000 : unit === 'ms' ? 1 : 0.001);
}
