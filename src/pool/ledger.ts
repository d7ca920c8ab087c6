/** What one life needs. */
export interface Reservation {
  threads: number;
  memoryBytes: number;
}

/**
 * Admission: threads and guest memory that are promised, against what there is. It is the sum of the caps, not one
 * plugin, that gets a sidecar killed by the kernel for want of memory; so a life starts only when its whole cap fits.
 */
export class Ledger {
  readonly maxThreads: number;
  readonly maxMemoryBytes: number;
  #threads = 0;
  #memoryBytes = 0;

  constructor(bounds: { maxThreads: number; maxMemoryBytes: number }) {
    this.maxThreads = bounds.maxThreads;
    this.maxMemoryBytes = bounds.maxMemoryBytes;
  }

  get threads(): number {
    return this.#threads;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** False when it does not fit; nothing is reserved then. */
  tryReserve(need: Reservation): boolean {
    if (this.#threads + need.threads > this.maxThreads) return false;
    if (this.#memoryBytes + need.memoryBytes > this.maxMemoryBytes) return false;
    this.#threads += need.threads;
    this.#memoryBytes += need.memoryBytes;
    return true;
  }

  release(reservation: Reservation): void {
    this.#threads -= reservation.threads;
    this.#memoryBytes -= reservation.memoryBytes;
  }
}
