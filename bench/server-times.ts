import type { ServerProcess } from '../test/harness/server-process.js';

/** Adds up all samples of a metric whose name is exactly this. */
export function sumOf(metrics: string, name: string): number {
  const samples = metrics.matchAll(new RegExp(`^${name}(?:\\{[^\\n]*\\})? ([-+\\d.e]+)$`, 'gm'));
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Where a server says that its calls spend their time, between two moments. */
export class GuestTimes {
  readonly #server: ServerProcess;
  #before = '';

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  async start(): Promise<void> {
    this.#before = await this.#server.metrics();
  }

  /** One line: the means of the guest's time and of the wait before it. */
  async describe(): Promise<string> {
    const after = await this.#server.metrics();
    const grown = (name: string): number => sumOf(after, name) - sumOf(this.#before, name);
    const meanUs = (name: string): string =>
      ((grown(`${name}_sum`) / Math.max(1, grown(`${name}_count`))) * 1e6).toFixed(1);
    const count = grown('hal9_call_seconds_count');
    return `${count.toLocaleString('en')} guest calls of ${meanUs('hal9_call_seconds')} us, ${meanUs('hal9_queue_wait_seconds')} us in the queue before`;
  }
}
