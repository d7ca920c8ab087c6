const KIB = 1024;
const MIB = 1024 * KIB;

/** Clients that hold what others need: places, memory and time. */
export const CLIENT_LIMITS = {
  /** Parts of requests that are not complete, over all connections; beyond it, the connection that has the most is closed. */
  maxUnfinishedBytes: 64 * MIB,
  /** Between the headers of a call with one request and the end of that request: the largest at 140 KiB a second. */
  requestMs: 30_000,
  /** A request to a method that is open to everybody: it names a service. */
  maxOpenRequestBytes: KIB,
  /** For such a request to arrive: it is one packet. */
  openRequestMs: 5_000,
} as const;
