export interface HostRate {
  /** What comes in a second. */
  readonly perSecond: number;
  /** What may be taken at once after a rest; as much as a second brings by default. */
  readonly burst?: number;
}

/**
 * Rates of one plugin, over all its instances, by the name that a refusal gives (`details.limit`, with hyphens). Beyond a rate a plugin
 * that has SystemTime is refused with RESOURCE_EXHAUSTED and told when to ask again; one without it waits.
 */
export const HOST_RATES = {
  /** Of every kind, refused ones as well; each costs the main thread 15 to 40 us. */
  'host calls': { perSecond: 5_000 },
  /** Those that are denied, or ask for what cannot be: nobody needs many. Who is over it waits, and is answered as before. */
  'refused calls': { perSecond: 500 },
  /** Each is one request to the storage thread. */
  'memory operations': { perSecond: 2_000 },
  /** Microseconds of the storage thread, which all plugins share. Waiting for the disk is not counted. */
  'memory time': { perSecond: 250_000 },
  /** Redirects count as well. */
  'http requests': { perSecond: 50, burst: 100 },
  /** URLs, headers and bodies. Known when they have been sent: who is over it waits before the next request. */
  'http bytes out': { perSecond: 1_048_576, burst: 4_194_304 },
  /** Headers and bodies as they come from the network. As above. */
  'http bytes in': { perSecond: 4_194_304, burst: 16_777_216 },
  /** Each is one request to the files thread. Calls of files wait where others are refused: an error number carries no hint. */
  'file operations': { perSecond: 2_000 },
  /** Microseconds of the files thread, which all plugins share. */
  'file time': { perSecond: 250_000 },
  /** Read. Known when they have been: who is over it waits before the next call. */
  'file bytes in': { perSecond: 33_554_432, burst: 67_108_864 },
  /** Written. As above. */
  'file bytes out': { perSecond: 16_777_216, burst: 67_108_864 },
  /** Sent by the plugin. */
  signals: { perSecond: 1_000 },
  /** Of other plugins' tools. */
  'plugin calls': { perSecond: 1_000 },
  /** Logging has no answer: lines beyond it are dropped and counted. */
  'log lines': { perSecond: 200 },
  /** Lines that are lost for it are counted as log lines. */
  'log bytes': { perSecond: 262_144 },
} as const satisfies Record<string, HostRate>;

export type RateName = keyof typeof HOST_RATES;
