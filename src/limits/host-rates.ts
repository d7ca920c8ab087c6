export interface HostRate {
  /** What comes in a second. */
  readonly perSecond: number;
  /** What may be taken at once after a rest; as much as a second brings by default. */
  readonly burst?: number;
}

/**
 * Rates of host calls. By the name that a refusal gives (`details.limit`, with hyphens), over all instances of one plugin. Beyond a rate a plugin that has SystemTime is refused with
 * RESOURCE_EXHAUSTED and told when to ask again; one without it waits.
 */
export const HOST_RATES = {
  /** Of every kind, refused ones as well; each costs the main thread about 15 us. */
  'host calls': { perSecond: 5_000 },
  /** Of these, gets are the cheapest: about 50 us of the storage thread. */
  'memory operations': { perSecond: 2_000 },
  /** Microseconds of the storage thread, which all plugins share. Waiting for the disk is not counted. */
  'memory time': { perSecond: 250_000 },
} as const satisfies Record<string, HostRate>;

export type RateName = keyof typeof HOST_RATES;
