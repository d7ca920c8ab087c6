import { answerTo, done, failed } from '../thread/answering.js';
import type { ThreadAnswer } from '../thread/thread-protocol.js';
import type { SqliteMemory } from './sqlite-memory.js';
import type { StorageRequest } from './storage-protocol.js';
import type { MemoryMethod } from './store.js';

const WRITES: ReadonlySet<MemoryMethod> = new Set(['set', 'delete', 'drop']);

/**
 * Carries out requests that came together as one transaction, so that all of them wait for the disk once. One that fails is undone and
 * leaves the others; where the transaction itself is lost, none of them has happened.
 */
export function carryOut(store: SqliteMemory, requests: readonly StorageRequest[]): ThreadAnswer[] {
  if (!requests.some(({ method }) => WRITES.has(method))) return requests.map((request) => answerTo(store, request));
  try {
    return store.transaction(() => requests.map((request) => stepOf(store, request)));
  } catch (error) {
    return requests.map(({ id }) => failed(id, error));
  }
}

function stepOf(store: SqliteMemory, request: StorageRequest): ThreadAnswer {
  if (!WRITES.has(request.method)) return answerTo(store, request);
  try {
    return store.step(() => done(store, request));
  } catch (error) {
    if (!store.inTransaction) throw error;
    return failed(request.id, error);
  }
}
