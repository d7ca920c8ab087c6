import { monotonicMs } from '../../protocol/monotonic.js';
import type { SqliteMemory } from './sqlite-memory.js';
import type { StorageAnswer, StorageRequest } from './storage-protocol.js';
import type { MemoryMethod } from './store.js';

const WRITES: ReadonlySet<MemoryMethod> = new Set(['set', 'delete', 'drop']);

/**
 * Carries out requests that came together as one transaction, so that all of them wait for the disk once. One that fails is undone and
 * leaves the others; where the transaction itself is lost, none of them has happened.
 */
export function carryOut(store: SqliteMemory, requests: readonly StorageRequest[]): StorageAnswer[] {
  if (!requests.some(({ method }) => WRITES.has(method))) return requests.map((request) => answerTo(store, request));
  try {
    return store.transaction(() => requests.map((request) => stepOf(store, request)));
  } catch (error) {
    return requests.map(({ id }) => failed(id, error));
  }
}

function stepOf(store: SqliteMemory, request: StorageRequest): StorageAnswer {
  if (!WRITES.has(request.method)) return answerTo(store, request);
  try {
    return store.step(() => done(store, request));
  } catch (error) {
    if (!store.inTransaction) throw error;
    return failed(request.id, error);
  }
}

function answerTo(store: SqliteMemory, request: StorageRequest): StorageAnswer {
  try {
    return done(store, request);
  } catch (error) {
    return failed(request.id, error);
  }
}

function done(store: SqliteMemory, { id, method, given }: StorageRequest): StorageAnswer {
  const startedMs = monotonicMs();
  // Both sides are typed by MemoryBackend, whose methods differ in what they take.
  const value = (store[method] as (...given: unknown[]) => unknown).apply(store, given);
  return { id, ok: true, value, tookUs: Math.round((monotonicMs() - startedMs) * 1000) };
}

function failed(id: number, error: unknown): StorageAnswer {
  return { id, ok: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
