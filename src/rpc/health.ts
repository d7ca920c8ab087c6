import type { ServerWritableStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatus, service } from 'grpc-health-check';
import { HostError } from '../errors.js';
import type { ServiceBinding } from './definitions.js';
import { toServiceError } from './status.js';

/** `grpc.health.v1`: the state of the whole server (the empty name) and of each service. */
export class Health {
  readonly binding: ServiceBinding;
  readonly #names: readonly string[];
  readonly #implementation: HealthImplementation;
  readonly #watches = new Set<ServerWritableStream<unknown, unknown>>();

  /** Everything starts as NOT_SERVING. */
  constructor(services: readonly string[]) {
    this.#names = ['', ...services];
    this.#implementation = new HealthImplementation();
    this.set('NOT_SERVING');
    this.binding = { definition: service as ServiceDefinition, implementation: this.#handlers() };
  }

  set(status: ServingStatus): void {
    for (const name of this.#names) this.#implementation.setStatus(name, status);
  }

  /** Ends the calls of those who watch; without this they would hold up a server that stops. */
  endWatches(): void {
    const refusal = toServiceError(new HostError('STOPPING', 'the server is stopping'));
    for (const watch of this.#watches) watch.emit('error', refusal);
    this.#watches.clear();
  }

  /** The package's own handlers, with each Watch noted. It offers them to a server alone, so here is one. */
  #handlers(): UntypedServiceImplementation {
    let handlers: UntypedServiceImplementation = {};
    this.#implementation.addToServer({
      addService: (_definition, implementation) =>
        (handlers = implementation as unknown as UntypedServiceImplementation),
    });
    const watch = handlers['watch'] as (call: ServerWritableStream<unknown, unknown>) => void;
    return {
      ...handlers,
      watch: (call: ServerWritableStream<unknown, unknown>) => {
        this.#watches.add(call);
        call.on('cancelled', () => this.#watches.delete(call));
        watch(call);
      },
    };
  }
}
