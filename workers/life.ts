import type { MessagePort } from 'node:worker_threads';
import type { BindMessage, FromWorker, ToWorker } from '../src/protocol/bind.js';
import { type IncomingCall, unpackCalls, WITHHELD } from '../src/protocol/calls.js';
import { stands } from '../src/protocol/defences.js';
import { monotonicMs } from '../src/protocol/monotonic.js';
import { type NumberedOutcome, packOutcomes } from '../src/protocol/outcomes.js';
import { RunningWriter } from '../src/protocol/running.js';
import { Caller } from './calls/caller.js';
import { describeFault } from './calls/fault.js';
import { type Loaded, load, unload } from './loading.js';
import { osThread } from './os-thread.js';

/** Finished answers are not held back behind a slow call: they leave before the next call once this time has passed. */
const HOLD_MS = 0.1;

/** One life: unbound, then bound to one plugin for good. */
export class Life {
  readonly #port: MessagePort;
  #loaded: Loaded | undefined;
  #caller: Caller | undefined;
  #running: RunningWriter | undefined;
  #finished: NumberedOutcome[] = [];
  #flushedMs = 0;
  #dead = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  start(): void {
    this.#port.on('message', (message: ToWorker) => {
      try {
        this.#receive(message);
      } catch (error) {
        this.#dead = true;
        this.#post({ type: 'fault', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    });
  }

  #receive(message: ToWorker): void {
    if (message instanceof ArrayBuffer) this.#serve(message);
    else if (message.type === 'bind') this.#bind(message);
    else this.#end();
  }

  #bind(message: BindMessage): void {
    this.#running = new RunningWriter(message.running);
    const startedMs = monotonicMs();
    this.#running.startLoading(startedMs);
    const result = load(message, (report) => this.#post(report));
    if (!result.ok) {
      this.#dead = true;
      return this.#post({ type: 'bind-failed', cause: result.cause, message: result.message });
    }
    this.#loaded = result.loaded;
    const { guest, reports } = result.loaded;
    this.#caller = new Caller(guest, message, (text) => reports.hostLine('error', text));
    const loadUs = Math.round((monotonicMs() - startedMs) * 1000);
    this.#post({ type: 'bound', osThread: osThread(), memoryBytes: guest.memoryBytes, loadUs });
  }

  #serve(buffer: ArrayBuffer): void {
    this.#flushedMs = monotonicMs();
    unpackCalls(buffer, (call) => this.#run(call));
    this.#flush();
  }

  /** Once the guest is dead no call is started: the main thread sends the rest to another life. */
  #run(call: IncomingCall): void {
    if (this.#dead || this.#caller === undefined || this.#running === undefined) return;
    const nowMs = monotonicMs();
    if (nowMs - this.#flushedMs > HOLD_MS) this.#flush();
    this.#running.start(call.number, nowMs);
    this.#loaded?.reports.beginCall(call.number, (call.withheld & WITHHELD.time) !== 0);
    const outcome = this.#caller.call(call, nowMs);
    this.#running.finish(call.number);
    this.#finished.push(outcome);
    if (outcome.dead && stands('discard')) this.#dead = true;
  }

  /** Log lines first: the main thread knows the call that wrote them until its outcome has arrived. */
  #flush(): void {
    this.#loaded?.reports.flush(this.#dead);
    this.#flushedMs = monotonicMs();
    if (this.#finished.length === 0) return;
    const buffer = packOutcomes(this.#finished);
    this.#finished = [];
    this.#port.postMessage(buffer, [buffer]);
  }

  #end(): void {
    if (!this.#dead && this.#loaded !== undefined) {
      const fault = unload(this.#loaded.guest);
      if (fault !== undefined) this.#loaded.reports.hostLine('warn', `unload: ${describeFault(fault).message}`);
    }
    this.#dead = true;
    this.#loaded?.reports.end();
    this.#flush();
    this.#post({ type: 'ended' });
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}
