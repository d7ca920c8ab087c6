import { AUDIT_LIMITS } from '../../limits.js';
import type { AuditEvent } from './audit-event.js';

/** What many are told of in one line. */
const SEVERAL = '(several)';

interface Kind {
  /** Lines of their own so far. */
  written: number;
  /** The rest, and the latest of them. */
  held: number;
  latest: AuditEvent;
}

/**
 * Keeps what strangers can cause at will (kills, denials) from filling the disk. In each window, the first few of a kind pass
 * as they are; of the rest one line at the window's end says how many there were (`count`), with the latest as an example.
 */
export class Repeats {
  readonly #emit: (event: AuditEvent) => void;
  readonly #windowMs: number;
  readonly #kinds = new Map<string, Kind>();
  #timer: NodeJS.Timeout | undefined;

  /** @param emit takes the events that become lines */
  constructor(emit: (event: AuditEvent) => void, windowMs: number = AUDIT_LIMITS.repeatWindowMs) {
    this.#emit = emit;
    this.#windowMs = windowMs;
  }

  offer(event: AuditEvent): void {
    this.#timer ??= setTimeout(() => this.flush(), this.#windowMs).unref();
    const kind = this.#kindOf(event);
    if (kind.written < AUDIT_LIMITS.maxRepeats) {
      kind.written++;
      this.#emit(event);
      return;
    }
    kind.held++;
    if (kind.latest.actor !== SEVERAL) kind.latest = event;
  }

  /** Ends the window: says what was held back, and begins anew. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { held, latest } of this.#kinds.values()) {
      if (held > 0) this.#emit({ ...latest, details: { ...latest.details, count: String(held) } });
    }
    this.#kinds.clear();
  }

  /** Where there are too many kinds to tell apart, all others of the same event are one. */
  #kindOf(event: AuditEvent): Kind {
    const { reason = '', of = '' } = event.details ?? {};
    const key = JSON.stringify([event.event, event.plugin?.id, event.actor, reason, of]);
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    const full = this.#kinds.size >= AUDIT_LIMITS.maxRepeatKinds;
    const shared = full ? this.#kinds.get(event.event) : undefined;
    if (shared !== undefined) return shared;
    const latest = full ? { event: event.event, actor: SEVERAL } : event;
    const kind: Kind = { written: full ? AUDIT_LIMITS.maxRepeats : 0, held: 0, latest };
    this.#kinds.set(full ? event.event : key, kind);
    return kind;
  }
}
