/**
 * The entry of the thread that runs one plugin for `hal9 plugin test` and `hal9 plugin profile`, with the same code as a
 * server's life. It is told everything at once, answers as it goes, and ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { BindMessage, FromWorker } from '../src/protocol/bind.js';
import type { LocalMessage, LocalOrder } from '../src/protocol/local.js';
import { monotonicMs } from '../src/protocol/monotonic.js';
import { RunningWriter } from '../src/protocol/running.js';
import { Caller } from './calls/caller.js';
import { load, type World } from './loading.js';
import { ProfilingMeter } from './profile/profiling-meter.js';

function post(message: LocalMessage | FromWorker): void {
  parentPort?.postMessage(message);
}

function carryOut(order: LocalOrder): void {
  let meter: ProfilingMeter | undefined;
  const world: World = { seed: order.seed, nowMs: () => order.nowMs };
  if (order.profiled) world.makeMeter = (exports, metering) => (meter = new ProfilingMeter(exports, metering));
  const binding: BindMessage = { type: 'bind', running: order.running, host: order.host, ...order.binding };
  const result = load(binding, post, world);
  if (!result.ok) return post({ type: 'load-failed', cause: result.cause, message: result.message });
  meter?.recorder.reset();
  post({ type: 'loaded' });
  const { guest, reports } = result.loaded;
  const caller = new Caller(guest, binding, (text) => reports.hostLine('error', text), world.nowMs);
  const running = new RunningWriter(order.running);
  for (const [index, call] of order.calls.entries()) {
    const number = index + 1;
    reports.beginCall(number, false);
    running.start(number, monotonicMs());
    const outcome = caller.call({ ...call, number, deadlineMs: Infinity, withheld: 0 }, monotonicMs());
    running.finish(number);
    meter?.end();
    reports.flush();
    post({ type: 'outcome', outcome });
    if (outcome.dead) break;
  }
  reports.end();
  post({ type: 'done', profile: meter?.recorder.tree() });
}

carryOut(workerData as LocalOrder);
