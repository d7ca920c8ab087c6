import { stands } from '../protocol/defences.js';
import type { HostAnswer, HostOperation, HostRefusal, HostRequest } from '../protocol/host-calls.js';
import type { Asking } from './asking.js';
import { Gate, type Passing, type Pause } from './gate.js';
import type { LimitUse } from './limit-use.js';
import type { Rates } from './rates.js';
import { type Decision, decisionOf, failed, notHere } from './refusals.js';
import { type HostService, intersection, type Rights } from './service.js';
import type { HostCalls } from './session.js';

/** What one is taken of where nothing is done. */
const REFUSED = ['refused calls'] as const;

/** What else there is to say of a refusal. */
export interface DecidedAbout {
  /** What it was about, where the service says so. */
  readonly target?: string | undefined;
  /** Why, in a word; the decision itself by default. */
  readonly reason?: string | undefined;
  /** The names of the plugins that wait for it, the outermost first: what it may do is bounded by theirs. */
  readonly waiting: readonly string[];
}

/** Who counts, and is told. */
export interface HostCallObserver {
  decided(operation: HostOperation, decision: Decision, about?: DecidedAbout): void;
  /** A limit was in the way: it was refused, or had to wait. */
  limited(operation: HostOperation, limit: string): void;
  /** A host call failed for a reason of the server's own. */
  failed(operation: HostOperation, error: unknown): void;
}

export interface BrokerParts {
  services: readonly HostService[];
  rights: Rights;
  rates: Rates;
  observer: HostCallObserver;
  /** What a guest without a clock waits with; a timer by default. */
  pause?: Pause;
}

/**
 * Answers the host calls of one plugin's lives: the grant, then not too many, then what each service says, which looks at the
 * quota and acts. What is denied is always answered alike, however often it is asked. Whatever happens, the guest gets a value.
 */
export class Broker implements HostCalls {
  readonly #observer: HostCallObserver;
  readonly #services: ReadonlyMap<HostOperation, HostService>;
  readonly #rights: Rights;
  readonly #gate: Gate;
  readonly #rates: Rates;

  constructor({ services, rights, rates, observer, pause }: BrokerParts) {
    this.#observer = observer;
    this.#rights = rights;
    this.#rates = rates;
    this.#gate = new Gate(rates, pause);
    this.#services = new Map(
      services.flatMap((service) => service.operations.map((operation) => [operation, service] as const)),
    );
  }

  async answer(request: HostRequest, asking: Asking): Promise<HostAnswer> {
    const { operation } = request;
    const answer = await this.#answer(request, asking).catch((error: unknown) => {
      this.#observer.failed(operation, error);
      return stands('plain-errors') ? failed() : { ...failed(), message: String(error) };
    });
    if (!answer.ok && answer.limit !== undefined && !asking.signal.aborted)
      this.#observer.limited(operation, answer.limit);
    const decision = asking.signal.aborted ? 'cancelled' : answer.ok ? 'allowed' : decisionOf(answer);
    this.#observer.decided(operation, decision, answer.ok ? undefined : aboutRefusal(answer, asking));
    return answer;
  }

  /** What the plugin uses of its rates and quotas. */
  async uses(): Promise<LimitUse[]> {
    const services = new Set(this.#services.values());
    const quotas = await Promise.all([...services].map(async (service) => (await service.uses?.()) ?? []));
    return [...this.#rates.uses(), ...quotas.flat()];
  }

  async #answer({ operation, fields }: HostRequest, asking: Asking): Promise<HostAnswer> {
    const service = this.#services.get(operation);
    const rights = this.#rightsIn(asking);
    let waits = true;
    // What is refused anyway waits as well, so that a flood of it is bounded, but no rate shows in its answer.
    const passing: Passing = { ...asking, rights, tellsTime: () => !waits && rights.mayUse('SystemTime') };
    const prepared = service === undefined ? notHere(operation) : service.read(operation, fields, passing);
    waits = 'ok' in prepared || prepared.waits === true;
    for (const rate of ['host calls', ...('ok' in prepared ? REFUSED : prepared.rates)] as const) {
      const refusal = await this.#gate.pass(rate, passing, (limit) => this.#observer.limited(operation, limit));
      if (refusal !== undefined) return refusal;
    }
    return 'ok' in prepared ? prepared : prepared.act(passing);
  }

  /** A plugin that works for others may do what all of them may. */
  #rightsIn({ call }: Asking): Rights {
    const waiting = call?.path?.waiting ?? [];
    if (waiting.length === 0 || !stands('deputy')) return this.#rights;
    return intersection([this.#rights, ...waiting.map(({ rights }) => rights)]);
  }
}

function aboutRefusal({ target, reason }: HostRefusal, { call }: Asking): DecidedAbout {
  return { target, reason, waiting: call?.path?.waiting.map(({ name }) => name) ?? [] };
}
