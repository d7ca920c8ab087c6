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
} as const satisfies Record<string, number>;

export type QuotaName = keyof typeof QUOTAS;
