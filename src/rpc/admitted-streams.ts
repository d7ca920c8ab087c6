import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Gatekeeper } from '../access/gatekeeper.js';
import { CLIENT_LIMITS } from '../limits/clients.js';
import type { ServiceRefusal } from './status.js';

type Call = Parameters<ServerInterceptor>[1];
type CallListener = Parameters<Call['start']>[0];

/** Why a caller that was let in would not be let in now; undefined where it would be. */
export type LookAgain = () => ServiceRefusal | undefined;

/**
 * The open streams of callers that were let in. A stream may last for days: so its caller is looked at again when the access
 * file has changed, and now and then, since certificates expire. One that would not be let in any more loses it.
 */
export class AdmittedStreams {
  readonly #open = new Map<Call, { again: LookAgain; gone: () => void }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(gatekeeper: Pick<Gatekeeper, 'onChange'>) {
    gatekeeper.onChange(() => this.#review());
  }

  /** From now on, until the call has ended. */
  add(call: Call, listener: CallListener, again: LookAgain): void {
    const cancelled = listener.onCancel;
    const gone = (): void => {
      if (this.#open.delete(call)) cancelled.call(listener);
    };
    listener.onCancel = gone;
    this.#open.set(call, { again, gone });
    this.#timer ??= setInterval(() => this.#review(), CLIENT_LIMITS.streamReviewMs).unref();
  }

  #review(): void {
    for (const [call, { again, gone }] of this.#open) {
      const refusal = again();
      if (refusal === undefined) continue;
      call.sendStatus(refusal);
      // The status waits for answers that were not read; what the caller asks for ends now.
      gone();
    }
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
