import type { HostClock } from '../abi/host-services.js';

/** Monotonic time of a new instance. Not 0: Go's runtime takes that for a clock that is broken, and gives up. */
const START_NS = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;

/** The clocks of a guest that was granted SystemTime. In a call from which time is withheld they stand at its start. */
export class RunningClock implements HostClock {
  readonly #originNs = process.hrtime.bigint() - START_NS;
  #standing: { nowNs: bigint; monotonicNs: bigint } | undefined;

  beginCall(nowMs: number, withheld = false): void {
    const nowNs = BigInt(Math.floor(nowMs)) * NS_PER_MS;
    this.#standing = withheld ? { nowNs, monotonicNs: this.#runningNs() } : undefined;
  }

  waited(nanoseconds: bigint): void {
    // By itself it has moved.
    if (this.#standing === undefined) return;
    this.#standing.nowNs += nanoseconds;
    this.#standing.monotonicNs += nanoseconds;
  }

  now(): bigint {
    return this.#standing === undefined ? BigInt(Date.now()) : this.#standing.nowNs / NS_PER_MS;
  }

  monotonic(): bigint {
    return this.#standing?.monotonicNs ?? this.#runningNs();
  }

  #runningNs(): bigint {
    return process.hrtime.bigint() - this.#originNs;
  }
}

/**
 * The clocks of a guest that was not: they stand at the call's start, so that a guest can neither measure nor tell what it
 * was not told. A wait that the guest asks for moves them by what it asked, no matter how long it took: without that a
 * runtime that sleeps until a moment would sleep for ever.
 */
export class StandingClock implements HostClock {
  #nowNs: bigint | undefined;
  #monotonicNs = START_NS;

  beginCall(nowMs: number): void {
    const nowNs = BigInt(Math.floor(nowMs)) * NS_PER_MS;
    // The system's clock can be set back; monotonic time cannot.
    if (this.#nowNs !== undefined && nowNs > this.#nowNs) this.#monotonicNs += nowNs - this.#nowNs;
    this.#nowNs = nowNs;
  }

  waited(nanoseconds: bigint): void {
    this.#nowNs = (this.#nowNs ?? 0n) + nanoseconds;
    this.#monotonicNs += nanoseconds;
  }

  now(): bigint {
    return (this.#nowNs ?? 0n) / NS_PER_MS;
  }

  monotonic(): bigint {
    return this.#monotonicNs;
  }
}
