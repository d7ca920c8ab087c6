import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { CallOrigin } from '../host/asking.js';
import { type HostCalls, HostSession } from '../host/session.js';
import type {
  Binding,
  BindMessage,
  EndMessage,
  FromWorker,
  LogMessage,
  MetricsMessage,
  UsesMessage,
} from '../protocol/bind.js';
import { packCalls } from '../protocol/calls.js';
import { stands } from '../protocol/defences.js';
import { monotonicMs } from '../protocol/monotonic.js';
import { type NumberedOutcome, unpackOutcomes } from '../protocol/outcomes.js';
import { createRunningBuffer, RunningReader } from '../protocol/running.js';
import type { Call } from './call.js';

/** Runs one life in a thread until the signal aborts it; rejects when the thread has failed or was aborted. */
export type RunLife = (port: MessagePort, signal: AbortSignal) => Promise<void>;

/** What a life tells its crew. */
export interface LifeEvents {
  outcome(life: Life, call: Call, outcome: NumberedOutcome): void;
  bound(life: Life, loadUs: number): void;
  log(life: Life, message: LogMessage): void;
  metrics(life: Life, message: MetricsMessage): void;
  uses(life: Life, message: UsesMessage): void;
  /** The thread has ended; nothing follows. */
  dead(life: Life, death: Death): void;
}

/** How a life ended, and what became of the calls that it had not answered. */
export interface Death {
  cause: 'ended' | 'killed' | 'bind-failed' | 'guest' | 'heap' | 'fault';
  message: string;
  /** The call that was running, when there was one. */
  running: Call | undefined;
  /** They ran to their end, or may have: their answers went down with the thread. */
  lost: Call[];
  /** They had not started. */
  unstarted: Call[];
}

type State = 'unbound' | 'binding' | 'ready' | 'ending' | 'dead';

/**
 * One worker thread's life as the main thread sees it: unbound, bound to one plugin for good, ended by abort alone.
 * Calls are numbered from 1 and packed; those that arrive while the worker is busy leave together.
 */
export class Life {
  /** When it was given to its crew, on the clock of `monotonic.ts`; of no meaning before `bind`. */
  boundAtMs = 0;
  readonly #port: MessagePort;
  readonly #abort = new AbortController();
  readonly #posted = new Map<number, Call>();
  readonly #running: RunningReader;
  readonly #runningBuffer = createRunningBuffer();
  #outgoing: Call[] = [];
  #flushScheduled = false;
  #next = 1;
  #osThread: number | undefined;
  #state: State = 'unbound';
  #events: LifeEvents | undefined;
  #host: HostSession | undefined;
  #cause: Death['cause'] = 'fault';
  #message = 'the worker thread ended by itself';
  /** Since when it has had nothing to do; on the clock of `monotonic.ts`. */
  idleSinceMs = monotonicMs();

  constructor(run: RunLife) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#running = new RunningReader(this.#runningBuffer);
    port1.on('message', (message: FromWorker) => this.#receive(message));
    const closed = new Promise<void>((resolve) => port1.once('close', resolve));
    const ran = run(port2, this.#abort.signal).catch((error: unknown) => {
      this.#threadFailed(error);
      // Without effect where the thread has the port, which then closes it by ending.
      port2.close();
    });
    void Promise.all([closed, ran]).then(() => this.#finish());
  }

  get state(): State {
    return this.#state;
  }

  /** What the operating system calls its thread; undefined before it is ready, and where there are no such numbers. */
  get osThread(): number | undefined {
    return this.#osThread;
  }

  /** Whether its thread was told to end, whatever it does. */
  get killed(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Calls that it has and has not answered. */
  get load(): number {
    return this.#posted.size + this.#outgoing.length;
  }

  /** Binds the life to a plugin; `bound` or `dead` follows. */
  bind(binding: Binding, calls: HostCalls, events: LifeEvents): void {
    this.#state = 'binding';
    this.boundAtMs = monotonicMs();
    this.#events = events;
    this.#host = new HostSession(
      calls,
      (fault) => this.kill('fault', fault),
      () => this.running()?.call,
    );
    const { link: host } = this.#host;
    const message: BindMessage = { type: 'bind', running: this.#runningBuffer, host, ...binding };
    this.#port.postMessage(message, [host.port]);
  }

  /** Sends a call at once when the worker is idle, else together with the others of this turn of the event loop. */
  enqueue(call: Call): void {
    this.#outgoing.push(call);
    if (this.#posted.size === 0) this.#flush();
    else if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      setImmediate(() => this.#flush());
    }
  }

  /** When the worker began to load its plugin; undefined while the thread is still starting. */
  get loadingSinceMs(): number | undefined {
    const { started, startedAtMs } = this.#running.read();
    return started === 0 && startedAtMs > 0 ? startedAtMs : undefined;
  }

  /** The call that runs now and since when, or none. */
  running(): { call: Call; startedAtMs: number } | undefined {
    const { started, finished, startedAtMs } = this.#running.read();
    if (started === finished) return undefined;
    const call = this.#posted.get(started);
    return call === undefined ? undefined : { call, startedAtMs };
  }

  /** Who asked for the call of that number, while it is unanswered. */
  originOf(number: number): CallOrigin | undefined {
    return this.#posted.get(number)?.origin();
  }

  /** Calls that it has and has not answered, in order. */
  *calls(): Generator<Call> {
    yield* this.#posted.values();
    yield* this.#outgoing;
  }

  /** Asks the worker to deactivate and unload the plugin, and ends the thread when it has, or after `timeoutMs`. */
  end(timeoutMs: number): void {
    if (this.#state === 'dead' || this.#state === 'ending') return;
    if (this.#state !== 'ready') return this.kill('ended', 'ended before it was ready');
    this.#state = 'ending';
    this.#port.postMessage({ type: 'end' } satisfies EndMessage);
    const timer = setTimeout(() => this.kill('ended', 'ended by timeout'), timeoutMs);
    this.#port.once('close', () => clearTimeout(timer));
  }

  /** Ends the thread, whatever it does. `dead` follows once it has stopped. */
  kill(cause: Death['cause'], message: string): void {
    if (this.#state === 'dead' || this.#abort.signal.aborted) return;
    this.#state = 'ending';
    this.#cause = cause;
    this.#message = message;
    this.#host?.close();
    this.#abort.abort();
  }

  #flush(): void {
    this.#flushScheduled = false;
    if (this.#outgoing.length === 0 || this.#state !== 'ready') return;
    const calls = this.#outgoing;
    this.#outgoing = [];
    const buffer = packCalls(calls, this.#next);
    for (const call of calls) this.#posted.set(this.#next++, call);
    this.#port.postMessage(buffer, [buffer]);
  }

  #receive(message: FromWorker): void {
    if (message instanceof ArrayBuffer) return unpackOutcomes(message, (outcome) => this.#answered(outcome));
    switch (message.type) {
      case 'bound':
        this.#state = 'ready';
        this.#osThread = message.osThread;
        return this.#events?.bound(this, message.loadUs);
      case 'bind-failed':
        return this.kill('bind-failed', message.message);
      case 'ended':
        return this.kill('ended', 'ended in order');
      case 'fault':
        return this.kill('fault', message.message);
      case 'log':
        return this.#events?.log(this, message);
      case 'metrics':
        return this.#events?.metrics(this, message);
      case 'uses':
        return this.#events?.uses(this, message);
    }
  }

  #answered(outcome: NumberedOutcome): void {
    const call = this.#posted.get(outcome.number);
    if (call === undefined) return;
    this.#posted.delete(outcome.number);
    if (this.#posted.size === 0) this.idleSinceMs = monotonicMs();
    if (outcome.dead && stands('discard')) this.kill('guest', 'the guest trapped or hit a limit');
    this.#events?.outcome(this, call, outcome);
  }

  #threadFailed(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const cause = code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'heap' : 'fault';
    this.#cause = this.#state === 'binding' ? 'bind-failed' : cause;
    this.#message = error instanceof Error ? error.message : String(error);
  }

  #finish(): void {
    this.#state = 'dead';
    this.#osThread = undefined;
    this.#host?.close();
    const { started, finished } = this.#running.read();
    const death: Death = { cause: this.#cause, message: this.#message, running: undefined, lost: [], unstarted: [] };
    for (const [number, call] of this.#posted) {
      if (number > started) death.unstarted.push(call);
      else if (number === started && started !== finished) death.running = call;
      else death.lost.push(call);
    }
    death.unstarted.push(...this.#outgoing);
    this.#posted.clear();
    this.#outgoing = [];
    this.#events?.dead(this, death);
  }
}
