import { readFileSync } from 'node:fs';
import { availableParallelism, constants, getPriority, setPriority } from 'node:os';
import type { Life } from './life.js';

/** What is asked of the operating system about threads, by the numbers that it gives them. */
export interface Threads {
  /** For how long it has run or waited for a processor, in milliseconds; undefined where that is not told. */
  wantedMs(thread: number): number | undefined;
  /** @returns whether it is so now: to raise a priority again takes CAP_SYS_NICE on Linux (setpriority(2)) */
  setNice(thread: number, nice: number): boolean;
}

type Thread = Pick<Life, 'osThread' | 'load'>;

interface Seen {
  wantedMs: number;
  atMs: number;
  greedy: boolean;
  lowered: boolean;
}

/** Of the time, measured over at least PERIOD_MS: one that wants a processor for more is greedy, one for less is no more. */
const GREEDY = 0.5;
const MODEST = 0.2;
const PERIOD_MS = 100;
/** Asking about a thread takes the main thread some 20 us; so many are asked about in one look. */
const MOST_AT_A_LOOK = 16;
const MAX_NICE = 19;

/**
 * Lets the threads of plugins that compute most of the time stand back behind all others, by their nice value. The kernel
 * shares processors in slices of milliseconds: where as many threads compute as there are processors, everybody else waited
 * for a slice to end. Where there are processors to spare, none is lowered: a lone busy plugin would lose to its own callers.
 */
export class Niceness {
  readonly #threads: Threads;
  readonly #usual: number;
  readonly #lowered: number;
  readonly #processors: number;
  readonly #seen = new WeakMap<Thread, Seen>();
  /** The lives of this round, and how many of them were looked at. */
  #round: readonly Thread[] = [];
  #looked = 0;
  #mayRaise = true;

  /** @param usual the nice value of the process */
  constructor(threads: Threads = LINUX, usual = getPriority(), processors = availableParallelism()) {
    this.#processors = processors;
    this.#threads = threads;
    this.#usual = usual;
    this.#lowered = Math.min(MAX_NICE, usual + constants.priority.PRIORITY_BELOW_NORMAL);
  }

  /** Looks at some of the lives, at the others the next time. */
  look(all: Iterable<Thread>, nowMs: number): void {
    if (this.#looked >= this.#round.length) {
      this.#round = [...all];
      this.#looked = 0;
    }
    const from = this.#looked;
    this.#looked += MOST_AT_A_LOOK;
    for (const life of this.#round.slice(from, this.#looked)) this.#lookAt(life, nowMs);
  }

  /** Without waiting for what it does. It comes back as the others do. */
  lower(life: Thread, nowMs: number): void {
    if (life.osThread === undefined) return;
    const wantedMs = this.#threads.wantedMs(life.osThread);
    if (wantedMs === undefined || !this.#threads.setNice(life.osThread, this.#lowered)) return;
    this.#seen.set(life, { wantedMs, atMs: nowMs, greedy: false, lowered: true });
  }

  #lookAt(life: Thread, nowMs: number): void {
    const seen = this.#seen.get(life);
    if (life.osThread === undefined) return;
    if (seen?.lowered === true ? !this.#mayRaise : life.load === 0) return;
    if (seen !== undefined && nowMs - seen.atMs < PERIOD_MS) return;
    const wantedMs = this.#threads.wantedMs(life.osThread);
    if (wantedMs === undefined) return;
    const share = seen === undefined ? 0 : (wantedMs - seen.wantedMs) / (nowMs - seen.atMs);
    const greedy = share > GREEDY || (seen?.greedy === true && share > MODEST);
    const now = { wantedMs, atMs: nowMs, greedy, lowered: seen?.lowered ?? false };
    this.#seen.set(life, now);
    now.lowered = this.#decide(life.osThread, now.lowered, share);
  }

  #decide(thread: number, lowered: boolean, share: number): boolean {
    if (!lowered) return share > GREEDY && this.#allAreTaken() && this.#threads.setNice(thread, this.#lowered);
    if (share > MODEST) return true;
    this.#mayRaise = this.#threads.setNice(thread, this.#usual);
    return !this.#mayRaise;
  }

  /** Whether there are as many greedy threads at work as processors. One whose plugin has no calls takes none, whatever it did. */
  #allAreTaken(): boolean {
    const greedy = this.#round.filter((life) => life.load > 0 && this.#seen.get(life)?.greedy === true);
    return greedy.length >= this.#processors;
  }
}

const LINUX: Threads = {
  wantedMs(thread) {
    try {
      // Nanoseconds on a processor and in the queue for one (Linux, Documentation/scheduler/sched-stats.rst).
      const [ran, waited] = readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ');
      return (Number(ran) + Number(waited)) / 1e6;
    } catch {
      return undefined;
    }
  },
  setNice(thread, nice) {
    try {
      setPriority(thread, nice);
      return true;
    } catch {
      return false;
    }
  },
};
