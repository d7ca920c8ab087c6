import type { EventEmitter } from 'node:events';
import type { Metadata } from '@grpc/grpc-js';
import type { Requester } from '../plugin/plugins-api.js';
import { callerOf } from './admission.js';

/** Who calls. The signal is aborted when the caller has gone: what waits for its turn gives it up. */
export function requester(call: EventEmitter & { metadata: Metadata }): Requester {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort());
  return { actor: callerOf(call), signal: controller.signal };
}
