import { HOST_LIMITS } from '../limits.js';
import type { HostAnswer, HostOperation, HostRequest } from '../protocol/host-calls.js';
import { TokenBucket } from '../sandbox/token-bucket.js';
import { type MayUse, MemoryCalls } from './memory/memory-calls.js';
import type { MemoryStore } from './memory/store.js';
import { type Decision, decisionOf, failed, tooOften } from './refusals.js';
import type { HostCalls } from './session.js';

/** Who counts, and is told. */
export interface HostCallObserver {
  decided(operation: HostOperation, decision: Decision): void;
  /** A host call failed for a reason of the server's own. */
  failed(operation: HostOperation, error: unknown): void;
}

export interface BrokerParts {
  pluginId: string;
  memory: MemoryStore;
  /** Whether the plugin asks for a permission, was granted it, and was not denied it. */
  mayUse: MayUse;
  observer: HostCallObserver;
  /** The clock of the rates; the machine's by default. */
  nowMs?: () => number;
}

/**
 * Answers the host calls of one plugin's lives: not too many, then what each service says, which looks at the grant, at the
 * quota, and then acts. Whatever happens, the guest gets a value.
 */
export class Broker implements HostCalls {
  readonly #observer: HostCallObserver;
  readonly #memory: MemoryCalls;
  readonly #rate: TokenBucket;

  constructor({ pluginId, memory, mayUse, observer, nowMs }: BrokerParts) {
    this.#observer = observer;
    this.#memory = new MemoryCalls({ pluginId, store: memory, mayUse, nowMs });
    this.#rate = new TokenBucket({ perSecond: HOST_LIMITS.maxHostCallsPerSecond }, nowMs);
  }

  async answer(request: HostRequest, signal: AbortSignal): Promise<HostAnswer> {
    const { operation } = request;
    const answer = await this.#answer(request).catch((error: unknown) => {
      this.#observer.failed(operation, error);
      return failed();
    });
    this.#observer.decided(operation, signal.aborted ? 'cancelled' : answer.ok ? 'allowed' : decisionOf(answer));
    return answer;
  }

  async #answer({ operation, fields }: HostRequest): Promise<HostAnswer> {
    const waitMs = this.#rate.take();
    if (waitMs > 0) return tooOften('host calls', waitMs);
    return this.#memory.answer(operation, fields);
  }
}
