const KIB = 1024;
const MIB = 1024 * KIB;

/** HTTP out. */
export const HTTP_LIMITS = {
  maxUrlBytes: 8 * KIB,
  maxRequestHeaders: 64,
  /** Names and values of a request's headers together. */
  maxRequestHeaderBytes: 16 * KIB,
  maxRequestBodyBytes: MIB,
  maxResponseHeaderBytes: 32 * KIB,
  /** Of a body that is answered whole. */
  maxResponseBodyBytes: 4 * MIB,
  /** Of a body that is read in pieces: one piece. */
  maxPieceBytes: MIB,
  /** From the first look at a name to the end of the body, redirects included. */
  maxRequestMs: 60_000,
  maxRedirects: 10,
  /** What a plugin is told to wait when it has as many connections as it may. */
  retryMs: 100,
  /** Names that are looked up at once, for all plugins, and one at a time for each: a lookup takes one of the four threads that also write the server's files. */
  maxLookups: 2,
  /** Addresses of a name that are looked at; of one that has more, the others are not used. */
  maxAddresses: 16,
} as const;
