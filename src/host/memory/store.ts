/** What keeps the memory of plugins. Keys and values are bytes; a namespace is a name that the caller chose. */

export interface Entry {
  key: Uint8Array;
  /** One JSON text. */
  value: Uint8Array;
}

/** What a namespace holds: the bytes of its keys and values. */
export interface Usage {
  keys: number;
  bytes: number;
}

/** What it may hold. */
export type Quota = Usage;

export type SetResult =
  | { outcome: 'stored' }
  /** The value is no JSON text. */
  | { outcome: 'not-json' }
  /** With this entry the namespace would hold more than it may; `used` is what it holds now. */
  | { outcome: 'full'; of: keyof Quota; used: Usage };

/** Which entries: those whose key begins with `prefix` and comes behind `after`, in the order of their keys' bytes. */
export interface Range {
  prefix: Uint8Array;
  after?: Uint8Array;
  limit: number;
}

/** Entries as far as they fit into the bytes that were asked for. */
export interface Found {
  entries: Entry[];
  /** There were more within the limit, which did not fit. */
  cut: boolean;
}

export interface KeySize {
  key: Uint8Array;
  valueBytes: number;
}

/**
 * A backend, which answers at once: what runs in the storage thread, or, where nothing is to be kept, on the spot. A namespace that
 * nothing was ever set in is empty. What a method threw has not happened.
 */
export interface MemoryBackend {
  get(namespace: string, key: Uint8Array): Uint8Array | undefined;
  set(namespace: string, entry: Entry, quota: Quota): SetResult;
  /** Whether there was such a key. */
  delete(namespace: string, key: Uint8Array): boolean;
  list(namespace: string, range: Range, maxBytes: number): Found;
  /** Entries whose value has every word of the query, the best first. See `searchable.ts`. */
  search(namespace: string, query: { words: readonly string[]; limit: number }, maxBytes: number): Found;
  keys(namespace: string, range: Range): KeySize[];
  usage(namespace: string): Usage;
  /** Every namespace that something was set in, by name. */
  namespaces(): (Usage & { name: string })[];
  /** Removes a namespace with all that it holds. */
  drop(namespace: string): void;
  close(): void;
}

/** The same from the main thread, which does not wait. A write that was acknowledged outlives the process. */
export type MemoryStore = {
  readonly [Method in MemoryMethod]: (
    ...given: Parameters<MemoryBackend[Method]>
  ) => Promise<ReturnType<MemoryBackend[Method]>>;
} & {
  /** The same store, where `spent` is told how long it worked for each request, in microseconds; not how long that waited. */
  chargedTo(spent: (us: number) => void): MemoryStore;
};

export type MemoryMethod = keyof MemoryBackend;

/** How many of the first fit into so many bytes together. */
export function howManyFit(sizes: readonly number[], maxBytes: number): number {
  let bytes = 0;
  for (const [index, size] of sizes.entries()) {
    bytes += size;
    if (bytes > maxBytes) return index;
  }
  return sizes.length;
}
