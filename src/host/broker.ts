import { HOST_LIMITS } from '../limits.js';
import type { HostAnswer, HostOperation, HostRequest } from '../protocol/host-calls.js';
import { TokenBucket } from '../sandbox/token-bucket.js';
import { Gate, type Pause } from './gate.js';
import { type MayUse, MemoryCalls } from './memory/memory-calls.js';
import type { MemoryStore } from './memory/store.js';
import { type Decision, decisionOf, failed } from './refusals.js';
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
  /** What a guest without a clock waits with; a timer by default. */
  pause?: Pause;
}

/**
 * Answers the host calls of one plugin's lives: the grant, then not too many, then what each service says, which looks at the
 * quota and acts. What is denied is always answered alike, however often it is asked. Whatever happens, the guest gets a value.
 */
export class Broker implements HostCalls {
  readonly #observer: HostCallObserver;
  readonly #memory: MemoryCalls;
  readonly #mayUse: MayUse;
  readonly #gate: Gate;
  readonly #rate: TokenBucket;

  constructor({ pluginId, memory, mayUse, observer, nowMs, pause }: BrokerParts) {
    this.#observer = observer;
    this.#mayUse = mayUse;
    this.#gate = new Gate(pause);
    this.#memory = new MemoryCalls({ pluginId, store: memory, mayUse, gate: this.#gate, nowMs });
    this.#rate = new TokenBucket({ perSecond: HOST_LIMITS.maxHostCallsPerSecond }, nowMs);
  }

  async answer(request: HostRequest, signal: AbortSignal): Promise<HostAnswer> {
    const { operation } = request;
    const answer = await this.#answer(request, signal).catch((error: unknown) => {
      this.#observer.failed(operation, error);
      return failed();
    });
    this.#observer.decided(operation, signal.aborted ? 'cancelled' : answer.ok ? 'allowed' : decisionOf(answer));
    return answer;
  }

  async #answer({ operation, fields }: HostRequest, signal: AbortSignal): Promise<HostAnswer> {
    const asked = this.#memory.read(operation, fields);
    const refused = 'ok' in asked;
    // What is refused anyway waits as well, so that a flood of it is bounded, but no rate shows in its answer.
    const passing = { signal, tellsTime: () => !refused && this.#mayUse('SystemTime') };
    const limited = await this.#gate.pass(this.#rate, 'host calls', passing);
    if (limited !== undefined) return limited;
    return refused ? asked : this.#memory.answer(asked, passing);
  }
}
