import { ACCESS_LIMITS } from '../limits.js';
import type { Log } from '../observe/log.js';
import type { Unknown } from './access-list.js';

/** Why somebody was turned away: by what it showed, by its roles, or in the TLS handshake. */
export type DenialReason = Unknown | 'role_missing' | 'certificate_untrusted' | 'handshake_failed';

export interface Denial {
  reason: DenialReason;
  /** Who it is, where that is known; else empty. */
  actor: string;
  /** The method or path that was asked for; empty for a handshake. */
  target: string;
  /** As much as the transport says; empty where it says nothing. */
  detail: string;
}

export interface DenialOptions {
  log: Log;
  metrics: { denied(reason: DenialReason): void };
  /** Told as seldom as the log: of the first denial of a kind, and then of how many there have been since. */
  onDenial?: (denial: Denial, count: number) => void;
  intervalMs?: number;
}

/** Counts every denial. The log and the hook learn of each kind (reason and actor) at once, and then at intervals. */
export class Denials {
  readonly #options: DenialOptions;
  readonly #intervalMs: number;
  /** Actors are names of the access file, so that there are few kinds. */
  readonly #kinds = new Map<string, { lastMs: number; count: number }>();

  constructor(options: DenialOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? ACCESS_LIMITS.denialLogMs;
  }

  note(denial: Denial): void {
    const { log, metrics, onDenial } = this.#options;
    metrics.denied(denial.reason);
    const count = this.#due(`${denial.reason} ${denial.actor}`);
    if (count === 0) return;
    log.warn({ ...denial, count }, 'a caller was turned away');
    onDenial?.(denial, count);
  }

  /** @returns how many there were since this kind was last told of, or 0 when it is too early to tell. */
  #due(kind: string): number {
    const nowMs = performance.now();
    const known = this.#kinds.get(kind) ?? { lastMs: -Infinity, count: 0 };
    this.#kinds.set(kind, known);
    known.count++;
    if (nowMs - known.lastMs < this.#intervalMs) return 0;
    const { count } = known;
    known.lastMs = nowMs;
    known.count = 0;
    return count;
  }
}
