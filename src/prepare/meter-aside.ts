import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { HostError } from '../errors.js';
import { MODULE_LIMITS } from '../limits.js';
import type { MeterAnswer, MeterOrder } from '../wasm/fuel/meter-order.js';

const WORKER_FILE = fileURLToPath(new URL('../../workers/meter-worker.js', import.meta.url));

export type Metered = Extract<MeterAnswer, { ok: true }>;

/**
 * Meters a module in a thread of its own, which a module that takes too long or too much loses.
 *
 * @throws HostError MODULE_INVALID, MODULE_LIMIT
 */
export async function meterAside(order: MeterOrder): Promise<Metered> {
  const answer = await askThread(order);
  if (answer.ok) return answer;
  throw new HostError(answer.reason, answer.message, answer.fault === undefined ? {} : { cause: answer.fault });
}

function askThread(workerData: MeterOrder): Promise<MeterAnswer> {
  const worker = new Worker(WORKER_FILE, {
    workerData,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MODULE_LIMITS.meterHeapMb },
  });
  return new Promise<MeterAnswer>((resolve, reject) => {
    const timer = setTimeout(() => reject(tooSlow()), MODULE_LIMITS.maxMeterMs);
    worker.once('message', resolve);
    worker.once('error', (error: Error & { code?: string }) => {
      reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch() : HostError.from(error));
    });
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new HostError('INTERNAL', 'the server failed to meter the module; its log says more'));
    });
  }).finally(() => void worker.terminate());
}

const tooSlow = (): HostError =>
  new HostError(
    'MODULE_LIMIT',
    `the WebAssembly module takes longer than ${MODULE_LIMITS.maxMeterMs} ms to meter; make it smaller`,
  );

const tooMuch = (): HostError =>
  new HostError(
    'MODULE_LIMIT',
    `the WebAssembly module takes more than ${MODULE_LIMITS.meterHeapMb} MiB to meter; make it smaller`,
  );
