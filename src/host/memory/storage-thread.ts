/** The entry of the storage thread: the database, which blocks, has it for itself. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { FromThread } from '../thread/thread-protocol.js';
import { SqliteMemory } from './sqlite-memory.js';
import { carryOut } from './storage-desk.js';
import type { StorageOrder, StorageRequest } from './storage-protocol.js';

/** Requests that share a transaction: each worker waits for one at most, so that more never come together. */
const MAX_TOGETHER = 256;

function serve(port: MessagePort, { file }: StorageOrder): void {
  const post = (message: FromThread): void => port.postMessage(message);
  let store: SqliteMemory;
  try {
    store = new SqliteMemory(file);
  } catch (error) {
    return post({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
  port.on('message', (first: StorageRequest) => {
    const requests = together(port, first);
    post({ type: 'answers', answers: carryOut(store, requests) });
    if (requests.some(({ method }) => method === 'close')) port.close();
  });
  post({ type: 'ready' });
}

/** The request and what waits behind it. */
function together(port: MessagePort, first: StorageRequest): StorageRequest[] {
  const requests = [first];
  while (requests.length < MAX_TOGETHER) {
    const next = receiveMessageOnPort(port) as { message: StorageRequest } | undefined;
    if (next === undefined) break;
    requests.push(next.message);
  }
  return requests;
}

if (parentPort !== null) serve(parentPort, workerData as StorageOrder);
