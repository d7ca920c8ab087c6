import type { PluginLimits } from '../../limits/plugin-limits.js';
import { MEMORY_LIMITS } from '../../limits.js';
import { countOf, type HostAnswer, type HostOperation, type HostRefusal } from '../../protocol/host-calls.js';
import type { Passing } from '../gate.js';
import { type LimitUse, quotaUse } from '../limit-use.js';
import type { Rates } from '../rates.js';
import { denied, invalid, tooMuch } from '../refusals.js';
import type { HostService, Prepared } from '../service.js';
import { memoryQuota, namespaceOf, ownerOf, type Place, placeOf } from './namespaces.js';
import { wordsOf } from './searchable.js';
import type { Found, MemoryStore, Quota, SetResult } from './store.js';

const encoder = new TextEncoder();

type MemoryOperation = Extract<HostOperation, `memory.${string}`>;

const RATES = ['memory operations', 'memory time'] as const;

/** One plugin's calls of `hal9:plugin/memory`: grant, then quota, then the store. */
export class MemoryCalls implements HostService {
  readonly operations = ['memory.get', 'memory.set', 'memory.delete', 'memory.list', 'memory.search'] as const;
  readonly #pluginId: string;
  readonly #store: MemoryStore;
  /** The same, where nobody pays. */
  readonly #usage: MemoryStore['usage'];
  readonly #limits: PluginLimits;
  readonly #sharedLimits: PluginLimits;

  /**
   * @param parts.rates charged for the time that the store works
   * @param parts.limits of the plugin's own memory, and of those that it shares with others
   */
  constructor(parts: {
    pluginId: string;
    store: MemoryStore;
    rates: Rates;
    limits: PluginLimits;
    sharedLimits: PluginLimits;
  }) {
    const { pluginId, store, rates } = parts;
    this.#pluginId = pluginId;
    this.#limits = parts.limits;
    this.#sharedLimits = parts.sharedLimits;
    this.#usage = store.usage;
    this.#store = store.chargedTo((us) => rates.spend('memory time', us));
  }

  /** What a request asks for, or the refusal where it may not: always the same one, whatever was asked before. */
  read(
    operation: MemoryOperation,
    [first, second]: readonly Uint8Array[],
    { rights }: Pick<Passing, 'rights'>,
  ): Prepared | HostRefusal {
    if (first === undefined) throw new TypeError(`${operation} came without its fields`);
    const place = placeOf(this.#pluginId, textOf(first));
    if (place === undefined) return invalid('expected shared:NAME/ before the key, found no such name');
    if (!rights.mayUse(place.permission)) return denied(place.permission);
    return { rates: RATES, act: () => this.#act(operation, place, second) };
  }

  /** Of what it shares with others nobody can say whose it is. */
  async uses(): Promise<LimitUse[]> {
    const { keys, bytes } = await this.#usage(namespaceOf(this.#pluginId));
    return [quotaUse('memory keys', keys, this.#limits), quotaUse('memory bytes', bytes, this.#limits)];
  }

  /** @throws what the store threw */
  async #act(operation: MemoryOperation, place: Place, second: Uint8Array | undefined): Promise<HostAnswer> {
    switch (operation) {
      case 'memory.get':
        return keyFault(place) ?? this.#get(place);
      case 'memory.set':
        return keyFault(place) ?? this.#set(place, second);
      case 'memory.delete':
        return keyFault(place) ?? this.#delete(place);
      case 'memory.list':
        return this.#list(place, countOf(second) ?? 0);
      case 'memory.search':
        return this.#search(place, countOf(second) ?? 0);
    }
  }

  async #get({ namespace, rest }: Place): Promise<HostAnswer> {
    const value = await this.#store.get(namespace, bytesOf(rest));
    return { ok: true, fields: value === undefined ? [] : [value] };
  }

  async #set({ namespace, rest }: Place, value: Uint8Array = new Uint8Array(0)): Promise<HostAnswer> {
    if (value.length > MEMORY_LIMITS.maxValueBytes) return tooLong('value', value.length, MEMORY_LIMITS.maxValueBytes);
    const quota = memoryQuota(ownerOf(namespace) === undefined ? this.#sharedLimits : this.#limits);
    const result = await this.#store.set(namespace, { key: bytesOf(rest), value }, quota);
    return result.outcome === 'stored' ? { ok: true, fields: [] } : notStored(result, quota);
  }

  async #delete({ namespace, rest }: Place): Promise<HostAnswer> {
    const was = await this.#store.delete(namespace, bytesOf(rest));
    return { ok: true, fields: [Uint8Array.of(was ? 1 : 0)] };
  }

  async #list({ namespace, before, rest }: Place, limit: number): Promise<HostAnswer> {
    const bytes = Buffer.byteLength(rest);
    if (bytes > MEMORY_LIMITS.maxKeyBytes) return tooLong('prefix', bytes, MEMORY_LIMITS.maxKeyBytes);
    const range = { prefix: bytesOf(rest), limit: Math.min(limit, MEMORY_LIMITS.maxAnswerEntries) };
    return entriesAnswer(before, await this.#store.list(namespace, range, MEMORY_LIMITS.maxAnswerBytes));
  }

  async #search({ namespace, before, rest }: Place, limit: number): Promise<HostAnswer> {
    const bytes = Buffer.byteLength(rest);
    if (bytes > MEMORY_LIMITS.maxQueryBytes) return tooLong('query', bytes, MEMORY_LIMITS.maxQueryBytes);
    const words = wordsOf(rest);
    if (words.length > MEMORY_LIMITS.maxQueryWords)
      return invalid(`query: expected at most ${MEMORY_LIMITS.maxQueryWords} words, found ${words.length}`);
    const query = { words, limit: Math.min(limit, MEMORY_LIMITS.maxAnswerEntries) };
    return entriesAnswer(before, await this.#store.search(namespace, query, MEMORY_LIMITS.maxAnswerBytes));
  }
}

/** In a buffer of its own: small Buffers share one, which would be posted to the storage thread as a whole. */
function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

function keyFault({ rest }: Place): HostRefusal | undefined {
  const bytes = Buffer.byteLength(rest);
  if (bytes === 0) return invalid('key: expected at least one character, found none');
  return bytes > MEMORY_LIMITS.maxKeyBytes ? tooLong('key', bytes, MEMORY_LIMITS.maxKeyBytes) : undefined;
}

function tooLong(what: string, found: number, max: number): HostRefusal {
  return invalid(`${what}: expected at most ${max} bytes, found ${found}`);
}

function notStored(result: Exclude<SetResult, { outcome: 'stored' }>, quota: Quota): HostRefusal {
  if (result.outcome === 'not-json') return invalid('value: expected one JSON text');
  const [what, max, used] = [result.of, quota[result.of], result.used[result.of]];
  const message = `the memory holds ${used} of ${max} ${what}, and this would be more; delete what is not needed`;
  return tooMuch(message, { limit: `memory-${what}`, max, used });
}

function entriesAnswer(before: string, { entries, cut }: Found): HostAnswer {
  if (cut) {
    const max = MEMORY_LIMITS.maxAnswerBytes;
    const message = `what was found has more than ${max} bytes; ask for ${Math.max(1, entries.length)} entries at most, or for fewer by a longer prefix`;
    return tooMuch(message, { limit: 'memory-answer-bytes', max });
  }
  const prefix = Buffer.from(before);
  const keyOf = (key: Uint8Array): Uint8Array => (prefix.length === 0 ? key : Buffer.concat([prefix, key]));
  return { ok: true, fields: entries.flatMap(({ key, value }) => [keyOf(key), value]) };
}
