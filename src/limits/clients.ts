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
  /** With an access file: for a connection's first call that is let in. One without it holds a place. */
  strangersMs: 10_000,
  /** Between two looks at who has open streams: a certificate may have expired. */
  streamReviewMs: 10_000,
  /** For a client to take a chunk of a file; one that stalls gives its place back. */
  fileStallMs: 10_000,
  /** Files that one caller, or one connection where callers have no names, is sent at once; the others are for others. */
  maxFilesPerCaller: 16,
} as const;
