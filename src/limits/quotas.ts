/**
 * What one plugin may have at a time, by the name that a refusal gives (`details.limit`, with hyphens). Beyond it the plugin is
 * refused with RESOURCE_EXHAUSTED.
 */
export const QUOTAS = {
  /** Of its own memory; each shared one may have as many. */
  'memory keys': 10_000,
  /** Keys and values of its own memory together, without the index for searching, which is about as large again. */
  'memory bytes': 16_777_216,
  /** At once, those of bodies that are being read included. */
  'http connections': 16,
  /** Bodies that one instance reads in pieces at once. */
  'http open bodies': 8,
  /** Of its scratch directory; files count with their size, whether or not they have holes. */
  'scratch bytes': 67_108_864,
  /** Files and directories. */
  'scratch entries': 10_000,
  /** By how much it may make the files in all of its roots larger, since the server started; what it removes counts against it. */
  'added file bytes': 1_073_741_824,
  /** Files and directories that it may add there, counted alike. */
  'added file entries': 100_000,
  /** Files and directories that all of its instances have open, without those that are there from the start. */
  'plugin file handles': 128,
} as const satisfies Record<string, number>;

export type QuotaName = keyof typeof QUOTAS;
