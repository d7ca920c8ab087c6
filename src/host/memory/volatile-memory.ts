import { searchableText } from './searchable.js';
import {
  type Entry,
  type Found,
  howManyFit,
  type KeySize,
  type MemoryBackend,
  type Quota,
  type Range,
  type SetResult,
  type Usage,
} from './store.js';

interface Kept extends Entry {
  words: readonly string[];
}

/** Keeps nothing beyond its own life: for runs without a server. */
export class VolatileMemory implements MemoryBackend {
  /** By namespace, then by the key's bytes in hexadecimal, whose order is that of the bytes. */
  readonly #namespaces = new Map<string, Map<string, Kept>>();

  get(namespace: string, key: Uint8Array): Uint8Array | undefined {
    return this.#namespaces.get(namespace)?.get(hex(key))?.value;
  }

  set(namespace: string, { key, value }: Entry, quota: Quota): SetResult {
    const text = searchableText(value);
    if (text === undefined) return { outcome: 'not-json' };
    const entries = this.#namespaces.get(namespace) ?? new Map<string, Kept>();
    const before = entries.get(hex(key));
    const used = this.usage(namespace);
    if (before === undefined && used.keys + 1 > quota.keys) return { outcome: 'full', of: 'keys', used };
    const bytes = used.bytes - (before === undefined ? 0 : sizeOf(before)) + sizeOf({ key, value });
    if (bytes > quota.bytes) return { outcome: 'full', of: 'bytes', used };
    entries.set(hex(key), { key: key.slice(), value: value.slice(), words: tokensOf(text) });
    this.#namespaces.set(namespace, entries);
    return { outcome: 'stored' };
  }

  delete(namespace: string, key: Uint8Array): boolean {
    return this.#namespaces.get(namespace)?.delete(hex(key)) ?? false;
  }

  list(namespace: string, range: Range, maxBytes: number): Found {
    return fitting(this.#range(namespace, range), maxBytes);
  }

  search(namespace: string, query: { words: readonly string[]; limit: number }, maxBytes: number): Found {
    const phrases = query.words.map(tokensOf).filter((tokens) => tokens.length > 0);
    if (phrases.length === 0) return { entries: [], cut: false };
    const scored = this.#sorted(namespace).map((entry) => ({ entry, score: scoreOf(entry.words, phrases) }));
    const best = scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
    return fitting(
      best.slice(0, query.limit).map(({ entry }) => entry),
      maxBytes,
    );
  }

  keys(namespace: string, range: Range): KeySize[] {
    return this.#range(namespace, range).map(({ key, value }) => ({ key, valueBytes: value.length }));
  }

  usage(namespace: string): Usage {
    const entries = [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return { keys: entries.length, bytes: entries.reduce((sum, entry) => sum + sizeOf(entry), 0) };
  }

  namespaces(): (Usage & { name: string })[] {
    return [...this.#namespaces.keys()].sort().map((name) => ({ name, ...this.usage(name) }));
  }

  drop(namespace: string): void {
    this.#namespaces.delete(namespace);
  }

  close(): void {
    this.#namespaces.clear();
  }

  #range(namespace: string, { prefix, after, limit }: Range): Kept[] {
    const from = after === undefined ? undefined : hex(after);
    const start = hex(prefix);
    return this.#sorted(namespace)
      .filter(({ key }) => hex(key).startsWith(start) && (from === undefined || hex(key) > from))
      .slice(0, limit);
  }

  #sorted(namespace: string): Kept[] {
    const entries = [...(this.#namespaces.get(namespace) ?? [])];
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sizeOf = ({ key, value }: Entry): number => key.length + value.length;

/** Letters and digits, without case and accents. */
function tokensOf(text: string): string[] {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.split(/[^\p{L}\p{N}]+/u).filter((token) => token !== '');
}

/** How often the phrases occur, for the length of the text; 0 where one is missing. */
function scoreOf(words: readonly string[], phrases: readonly (readonly string[])[]): number {
  let score = 0;
  for (const phrase of phrases) {
    const found = words.filter((_, at) => phrase.every((token, i) => words[at + i] === token)).length;
    if (found === 0) return 0;
    score += found / words.length;
  }
  return score;
}

function fitting(entries: readonly Entry[], maxBytes: number): Found {
  const count = howManyFit(entries.map(sizeOf), maxBytes);
  return { entries: entries.slice(0, count).map(({ key, value }) => ({ key, value })), cut: count < entries.length };
}
