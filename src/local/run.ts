import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { HostError } from '../errors.js';
import { type HostCalls, HostSession } from '../host/session.js';
import { GUEST_LIMITS } from '../limits.js';
import { lateBy } from '../pool/verdicts.js';
import type { LogLine, UsesMessage } from '../protocol/bind.js';
import type { HostLink } from '../protocol/host-calls.js';
import type { CallTree, LocalCall, LocalMessage, LocalOrder } from '../protocol/local.js';
import { hostOutcome, type Outcome } from '../protocol/outcomes.js';
import { LocalCalls } from './local-calls.js';

const WORKER_FILE = fileURLToPath(new URL('../../workers/local-worker.js', import.meta.url));

/** The guest's clock and random numbers are the same in every run, so that the fuel is. */
const NOW_MS = Date.UTC(2026, 0, 1);
const SEED = Uint32Array.of(0x6861_6c39, 0x706c_7567, 0x696e_2d74, 0x6573_7421);

/** A profiled run has all frames of the guest's, larger ones, on the engine's stack, and a tree of stacks in its heap. */
const PROFILED_STACK_MB = 64;
const PROFILED_HEAP_MB = 2_048;

export interface RunOptions {
  binding: LocalOrder['binding'];
  calls: readonly LocalCall[];
  profiled: boolean;
  /** For each call, and for loading; in milliseconds. */
  callMs: number;
  /** Gets what the guest logs. */
  onLog?: (line: LogLine) => void;
  /** Gets what the guest tries that needs a permission. */
  onUses?: (uses: UsesMessage) => void;
  /** Answers what the plugin asks of its host. */
  host: HostCalls;
}

export interface LocalRun {
  /** Of each call, in order, up to one that the instance did not survive. */
  outcomes: Outcome[];
  /** Of a profiled run that came to its end. */
  profile: CallTree | undefined;
}

/**
 * Loads a plugin in a thread of its own, and calls it.
 * @throws HostError PLUGIN_LOAD_FAILED
 */
export async function runLocally(options: RunOptions): Promise<LocalRun> {
  const calls = new LocalCalls(options.calls);
  const session = new HostSession(
    options.host,
    () => {},
    () => calls.running,
  );
  const worker = startWorker(options, session.link, calls.buffer);
  try {
    return await gather(worker, options, calls);
  } finally {
    session.close();
    await worker.terminate();
  }
}

function startWorker({ binding, calls, profiled }: RunOptions, host: HostLink, running: SharedArrayBuffer): Worker {
  const order: LocalOrder = { binding, host, running, calls, profiled, nowMs: NOW_MS, seed: SEED };
  return new Worker(WORKER_FILE, {
    workerData: order,
    transferList: [host.port],
    env: {},
    execArgv: [],
    resourceLimits: profiled
      ? { maxOldGenerationSizeMb: PROFILED_HEAP_MB, stackSizeMb: PROFILED_STACK_MB }
      : { maxOldGenerationSizeMb: GUEST_LIMITS.workerHeapMb, stackSizeMb: GUEST_LIMITS.stackBytes / 2 ** 20 },
  });
}

function gather(worker: Worker, { callMs, onLog, onUses }: RunOptions, calls: LocalCalls): Promise<LocalRun> {
  const outcomes: Outcome[] = [];
  return new Promise<LocalRun>((resolve, reject) => {
    let loaded = false;
    const finish = (profile?: CallTree): void => {
      clearTimeout(timer);
      resolve({ outcomes, profile });
    };
    const timer = setTimeout(() => {
      if (!loaded) return reject(failedToLoad(`it took longer than ${callMs} ms`));
      outcomes.push(lateBy(callMs));
      finish();
    }, callMs);
    worker.on('message', (message: LocalMessage) => {
      switch (message.type) {
        case 'log':
          for (const line of message.lines) onLog?.(line);
          return;
        case 'uses':
          return onUses?.(message);
        case 'metrics':
          return;
        case 'loaded':
          loaded = true;
          timer.refresh();
          return;
        case 'outcome':
          outcomes.push(message.outcome);
          calls.settle(outcomes.length, message.outcome.type);
          timer.refresh();
          return;
        case 'load-failed':
          return reject(failedToLoad(message.message));
        case 'done':
          return finish(message.profile);
      }
    });
    worker.once('error', (error: Error & { code?: string }) => {
      if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return reject(HostError.from(error));
      if (!loaded) return reject(failedToLoad('it used up the memory of its worker'));
      outcomes.push(heapExhausted());
      finish();
    });
    worker.once('exit', () => clearTimeout(timer));
  });
}

const heapExhausted = (): Outcome =>
  hostOutcome('limit', 'RESOURCE_EXHAUSTED', 'the call used up the memory of its worker', { limit: 'memory' });

function failedToLoad(why: string): HostError {
  return new HostError('PLUGIN_LOAD_FAILED', `the plugin could not be loaded: ${why}`);
}
