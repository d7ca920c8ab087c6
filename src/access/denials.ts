import { ACCESS_LIMITS } from '../limits.js';
import type { Log } from '../observe/log.js';
import { Seldom } from '../observe/seldom.js';
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

/** The target of a line about many, which are too many to tell apart. */
const SEVERAL = '(several)';

/** Methods and paths that are told apart, for each reason and actor. */
export const MAX_TARGETS = 64;

/** What is told in lines of its own. */
interface Kind {
  /** The latest of them. */
  denial: Denial;
  due: Seldom;
}

/**
 * Counts every denial. The log and the hook learn of each kind (reason, actor and target) at once, and then at intervals, as long as
 * there are more.
 */
export class Denials {
  readonly #options: DenialOptions;
  readonly #intervalMs: number;
  /** By reason and actor, which are names of the access file: there are few. Then by target, which a stranger may make up. */
  readonly #actors = new Map<string, Map<string, Kind>>();

  constructor(options: DenialOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? ACCESS_LIMITS.denialLogMs;
  }

  note(denial: Denial): void {
    this.#options.metrics.denied(denial.reason);
    const actor = `${denial.reason} ${denial.actor}`;
    const kinds = this.#actors.get(actor) ?? new Map<string, Kind>();
    this.#actors.set(actor, kinds);
    const full = kinds.size >= MAX_TARGETS && !kinds.has(denial.target);
    const told = full ? { ...denial, target: SEVERAL } : denial;
    const kind = kinds.get(told.target) ?? this.#newKind(told, kinds);
    kind.denial = told;
    kind.due.note();
  }

  /** Tells what has not been told yet. */
  flush(): void {
    for (const kinds of this.#actors.values()) for (const { due } of kinds.values()) due.flush();
  }

  #newKind(denial: Denial, kinds: Map<string, Kind>): Kind {
    const { target } = denial;
    const due = new Seldom(
      this.#intervalMs,
      (count) => this.#tell(kind.denial, count),
      () => kinds.delete(target),
    );
    const kind: Kind = { denial, due };
    kinds.set(target, kind);
    return kind;
  }

  #tell(denial: Denial, count: number): void {
    const { log, onDenial } = this.#options;
    log.warn({ ...denial, count }, 'a caller was turned away');
    onDenial?.(denial, count);
  }
}
