const MIB = 1024 * 1024;

/** Signals that plugins send, and calls of each other's tools. */
export const MESSAGE_LIMITS = {
  /** That one call may send. */
  maxSignalsPerCall: 64,
  /** Of these, encoded, together. */
  maxSignalBytesPerCall: MIB,
  /** How many plugins in a row may send because of a signal that one of them sent. */
  maxSignalHops: 16,
  /** Deliveries that one request from outside may bring about in all. */
  maxDeliveries: 1_000,
  /** How long a signal that a plugin sent may wait for its receivers. */
  maxDeliveryMs: 10_000,
  /** Plugins that wait for each other's tools, in a row. */
  maxCallDepth: 8,
} as const;
