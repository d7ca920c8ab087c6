/**
 * One clock for all threads. `performance.now()` counts from the start of its own thread; the offset to the
 * process-wide monotonic clock is taken once per thread, so that a moment written by one thread means the same in another.
 */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds on the process's monotonic clock, with a fraction. */
export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}
