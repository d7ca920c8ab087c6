import { FILE_LIMITS } from '../../limits/files.js';
import { DEFAULT_LIMITS, type PluginLimits } from '../../limits/plugin-limits.js';
import { stands } from '../../protocol/defences.js';
import type { CallPath } from '../asking.js';
import type { Root } from './backend.js';

/** A file or directory that a life has open. */
export interface Handle {
  readonly number: number;
  readonly root: Root;
  /** Where guests find the root. */
  readonly at: string;
  /** Where in it this was seen last; undefined where it was not there. */
  path: readonly string[] | undefined;
  readonly isWritable: boolean;
  /** Whom it was opened for: what these may do was checked then. */
  readonly openedFor?: CallPath | undefined;
}

/** What bounds how much may be open, the narrowest last. */
export type HandleLimit = 'file-handles' | 'plugin-file-handles' | 'all-file-handles';

/** It is reached. */
export interface Crowded {
  readonly limit: HandleLimit;
  readonly max: number;
}

/** Numbers for the handles of all plugins. */
export class HandleNumbers {
  open = 0;
  #last = 0;

  next(): number {
    this.#last = (this.#last + 1) >>> 0 || 1;
    return this.#last;
  }
}

/** The handles of one plugin. A life is known by the signal of its end, and takes its own along. */
export class OpenHandles {
  readonly #numbers: HandleNumbers;
  readonly #closed: (handles: number[]) => void;
  readonly #limits: Pick<PluginLimits, 'quotas'>;
  readonly #lives = new WeakMap<AbortSignal, Map<number, Handle>>();
  /** Of all lives. */
  open = 0;

  /** @param closed told of those that went with their life */
  constructor(
    numbers: HandleNumbers,
    closed: (handles: number[]) => void,
    limits: Pick<PluginLimits, 'quotas'> = DEFAULT_LIMITS,
  ) {
    this.#limits = limits;
    this.#numbers = numbers;
    this.#closed = closed;
  }

  /** @returns the limit where there is no room */
  add(life: AbortSignal, handle: Omit<Handle, 'number'>): Handle | Crowded {
    const mine = this.#of(life);
    const full = this.#full(mine.size);
    if (full !== undefined && stands('file-quota')) return full;
    const added = { ...handle, number: this.#numbers.next() };
    mine.set(added.number, added);
    this.#count(1);
    return added;
  }

  get(life: AbortSignal, number: number): Handle | undefined {
    return this.#lives.get(life)?.get(number);
  }

  /** Whether it was there. */
  remove(life: AbortSignal, number: number): boolean {
    const was = this.#lives.get(life)?.delete(number) ?? false;
    if (was) this.#count(-1);
    return was;
  }

  #of(life: AbortSignal): Map<number, Handle> {
    const known = this.#lives.get(life);
    if (known !== undefined) return known;
    const mine = new Map<number, Handle>();
    this.#lives.set(life, mine);
    life.addEventListener('abort', () => {
      if (mine.size > 0) this.#closed([...mine.keys()]);
      this.#count(-mine.size);
      mine.clear();
    });
    return mine;
  }

  #full(mine: number): Crowded | undefined {
    const counts = {
      'file-handles': [mine, FILE_LIMITS.maxInstanceHandles],
      'plugin-file-handles': [this.open, this.#limits.quotas['plugin file handles']],
      'all-file-handles': [this.#numbers.open, FILE_LIMITS.maxHandles],
    } as const;
    for (const [limit, [used, max]] of Object.entries(counts))
      if (used >= max) return { limit: limit as HandleLimit, max };
    return undefined;
  }

  #count(more: number): void {
    this.open += more;
    this.#numbers.open += more;
  }
}
