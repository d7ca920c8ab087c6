import { AUDIT_LIMITS } from '../../limits.js';
import type { AuditEvent } from './audit-event.js';

/** What many are told of in one line. */
const SEVERAL = '(several)';

/** The latest plugins, or actors, that such a line names. */
export const MAX_NAMES = 16;

interface Kind {
  /** Whether it is about all that did not get a kind of its own. */
  shared: boolean;
  /** Lines of their own so far. */
  written: number;
  /** The rest, and the latest of them. */
  held: number;
  latest: AuditEvent;
  /** The plugins and actors of what is shared, the latest last. */
  plugins: Set<string>;
  actors: Set<string>;
}

/**
 * Keeps what strangers can cause at will (kills, denials) from filling the disk. In each window, the first few of a kind pass
 * as they are; of the rest one line at the window's end says how many there were (`count`), with the latest as an example. Each actor
 * has its own kinds, so that a flood of one hides nothing of another.
 */
export class Repeats {
  readonly #emit: (event: AuditEvent) => void;
  readonly #windowMs: number;
  /** By event, by actor, and then by what tells kinds apart: a JSON text, which `SEVERAL` is not. */
  readonly #events = new Map<string, Map<string, Map<string, Kind>>>();
  /** By event: of the actors that are too many to tell apart. */
  readonly #others = new Map<string, Map<string, Kind>>();
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
    kind.latest = event;
    if (!kind.shared) return;
    remember(kind.plugins, event.plugin && `${event.plugin.name} ${event.plugin.id}`);
    remember(kind.actors, event.actor);
  }

  /** Ends the window: says what was held back, and begins anew. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const all = [...[...this.#events.values()].flatMap((actors) => [...actors.values()]), ...this.#others.values()];
    for (const kinds of all) for (const kind of kinds.values()) if (kind.held > 0) this.#emit(remainder(kind));
    this.#events.clear();
    this.#others.clear();
  }

  /** Where there are too many kinds of an actor to tell apart, or too many actors, the others are one. */
  #kindOf(event: AuditEvent): Kind {
    const kinds = this.#kindsOf(event.event, event.actor);
    if (kinds === undefined) return sharedKind(mapIn(this.#others, event.event), event);
    const { reason = '', of = '' } = event.details ?? {};
    const key = JSON.stringify([event.plugin?.id, reason, of]);
    const known = kinds.get(key);
    if (known !== undefined) return known;
    if (kinds.size >= AUDIT_LIMITS.maxRepeatKinds) return sharedKind(kinds, event);
    return newKind(kinds, key, event, false);
  }

  /** Undefined for an actor beyond those that are told apart. */
  #kindsOf(event: string, actor: string): Map<string, Kind> | undefined {
    const actors = mapIn(this.#events, event);
    return actors.has(actor) || actors.size < AUDIT_LIMITS.maxRepeatActors ? mapIn(actors, actor) : undefined;
  }
}

function mapIn<T>(maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const known = maps.get(key) ?? new Map<string, T>();
  maps.set(key, known);
  return known;
}

function newKind(kinds: Map<string, Kind>, key: string, latest: AuditEvent, shared: boolean): Kind {
  const written = shared ? AUDIT_LIMITS.maxRepeats : 0;
  const kind: Kind = { shared, written, held: 0, latest, plugins: new Set(), actors: new Set() };
  kinds.set(key, kind);
  return kind;
}

function sharedKind(kinds: Map<string, Kind>, event: AuditEvent): Kind {
  return kinds.get(SEVERAL) ?? newKind(kinds, SEVERAL, event, true);
}

/** Keeps the latest few. */
function remember(names: Set<string>, name: string | undefined): void {
  if (name === undefined) return;
  names.delete(name);
  names.add(name);
  const [oldest] = names;
  if (names.size > MAX_NAMES && oldest !== undefined) names.delete(oldest);
}

/** The line about what was held back. Of several plugins or actors it names the latest, as many as a detail has room for. */
function remainder({ held, latest, plugins, actors }: Kind): AuditEvent {
  const details = {
    ...latest.details,
    count: String(held),
    ...(plugins.size > 1 ? { plugins: listed(plugins) } : {}),
    ...(actors.size > 1 ? { actors: listed(actors) } : {}),
  };
  return { ...latest, actor: actors.size > 1 ? SEVERAL : latest.actor, details };
}

/** A JSON text, the latest first. */
function listed(names: Set<string>): string {
  const left = [...names].reverse();
  while (left.length > 1 && Buffer.byteLength(JSON.stringify(left)) > AUDIT_LIMITS.maxDetailBytes) left.pop();
  return JSON.stringify(left);
}
