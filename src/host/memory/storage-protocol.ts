import type { ThreadRequest } from '../thread/thread-protocol.js';
import type { MemoryMethod } from './store.js';

/** What the storage thread is asked. */
export interface StorageRequest extends ThreadRequest {
  method: MemoryMethod;
}

/** What the thread is started with. */
export interface StorageOrder {
  file: string;
}
