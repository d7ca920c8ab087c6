import type { UsesMessage } from '../../src/protocol/bind.js';
import type { HostClock, HostRandom } from '../abi/host-services.js';
import { Pace } from './pace.js';

/** Counts what a guest tries that needs a permission, and reports it at most ten times a second. */
export class Uses {
  readonly #post: (message: UsesMessage) => void;
  readonly #pace: Pace;
  #time = 0;
  #random = 0;
  #environment = 0;

  constructor(post: (message: UsesMessage) => void, now?: () => number) {
    this.#post = post;
    this.#pace = new Pace(() => this.flush(true), now);
  }

  /** The environment is read. */
  environment(): void {
    this.#environment++;
  }

  /** The same clock, with each reading counted. */
  clock(clock: HostClock): HostClock {
    return {
      beginCall: (nowMs, withheld) => clock.beginCall(nowMs, withheld),
      waited: (nanoseconds) => clock.waited(nanoseconds),
      now: () => {
        this.#time++;
        return clock.now();
      },
      monotonic: () => {
        this.#time++;
        return clock.monotonic();
      },
    };
  }

  /** The same numbers, with each drawing counted. */
  random(random: HostRandom): HostRandom {
    return {
      beginCall: (withheld) => random.beginCall(withheld),
      bytes: (length) => {
        this.#random++;
        return random.bytes(length);
      },
      next: () => {
        this.#random++;
        return random.next();
      },
      fill: (bytes) => {
        this.#random++;
        random.fill(bytes);
      },
    };
  }

  /** Posts what was counted, if anything was. */
  flush(now = false): void {
    const [time, random, environment] = [this.#time, this.#random, this.#environment];
    if (time + random + environment === 0 || !this.#pace.take(now)) return;
    this.#time = 0;
    this.#random = 0;
    this.#environment = 0;
    this.#post({ type: 'uses', time, random, environment });
  }
}
