import type { MemoryMethod } from './store.js';

/** Between the main thread and the storage thread. */
export interface StorageRequest {
  id: number;
  method: MemoryMethod;
  given: unknown[];
}

export type StorageAnswer =
  | { id: number; ok: true; value: unknown; tookUs: number }
  | { id: number; ok: false; message: string };

/** What the thread is started with. */
export interface StorageOrder {
  file: string;
}

/** `ready` or `failed` comes first; then answers, several at once. */
export type FromStorage =
  | { type: 'ready' }
  | { type: 'failed'; message: string }
  | { type: 'answers'; answers: StorageAnswer[] };
