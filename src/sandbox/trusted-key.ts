/** A key that the operator has decided about. */
export interface TrustedKey {
  /** SHA-256 of the public key's 32 bytes, in hexadecimal. */
  readonly keyId: string;
  /** The operator's name for it. */
  readonly name: string;
  readonly publicKey: Uint8Array;
  /** Where not empty, the key may sign these plugins alone. */
  readonly pluginIds: readonly string[];
  /** Where not empty, the key may sign plugins of these authors alone. */
  readonly authors: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly trustedAtMs: number;
  /** 0 while it is trusted. */
  readonly revokedAtMs: number;
}

/** The operator's keys, the revoked ones too, by id. */
export type KeyRing = ReadonlyMap<string, TrustedKey>;

/** Whether a key may sign a plugin: it is bound to neither other plugins nor other authors. */
export function maySign(
  { pluginIds, authors }: Pick<TrustedKey, 'pluginIds' | 'authors'>,
  plugin: { id: string; author: string },
): boolean {
  const [anyPlugin, anyAuthor] = [pluginIds.length === 0, authors.length === 0];
  return (anyPlugin || pluginIds.includes(plugin.id)) && (anyAuthor || authors.includes(plugin.author));
}
