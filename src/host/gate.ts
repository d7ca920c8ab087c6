import { setTimeout } from 'node:timers/promises';
import type { RateName } from '../limits/host-rates.js';
import { limitName } from '../limits/plugin-limits.js';
import { stands } from '../protocol/defences.js';
import type { HostRefusal } from '../protocol/host-calls.js';
import type { Asking } from './asking.js';
import type { Rates } from './rates.js';
import { ended, tooOften } from './refusals.js';
import type { Rights } from './service.js';

/** Waits so long, or until the signal: then it is over at once, without an error. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** How one request passes the rates, and with which rights. */
export interface Passing extends Asking {
  /** Of the plugin, and of all that wait for it. */
  rights: Rights;
  /** Whether the guest may learn of time: then it is refused, and told for how long; else it waits, and learns nothing. */
  tellsTime: () => boolean;
}

/**
 * Keeps requests within a rate. A guest that has no clock must not get one from when it is refused and when no more: it sleeps
 * until there is room, which it cannot tell from an answer at once, and the call's deadline bounds it.
 */
export class Gate {
  readonly #pause: Pause;

  readonly #rates: Rates;

  constructor(rates: Rates, pause: Pause = pauseFor) {
    this.#rates = rates;
    this.#pause = pause;
  }

  /**
   * @param limited told once, where there was no room
   * @returns undefined once one was taken; else what the guest is told
   */
  async pass(
    rate: RateName,
    { signal, tellsTime }: Pick<Passing, 'signal' | 'tellsTime'>,
    limited: (limit: string) => void = () => {},
  ): Promise<HostRefusal | undefined> {
    for (let asked = 0; ; asked++) {
      const waitMs = this.#rates.take(rate);
      if (waitMs === 0 || !stands('host-call-rate')) return undefined;
      if (asked === 0) limited(limitName(rate));
      if (tellsTime()) return tooOften(rate, waitMs);
      await this.#pause(waitMs, signal);
      if (signal.aborted) return ended();
    }
  }
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  // It rejects when it is aborted, and for no other reason.
  await setTimeout(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
