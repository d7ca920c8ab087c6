import type { Metadata } from '@grpc/grpc-js';
import { HostError } from '../errors.js';
import type { CallOrigin } from '../host/asking.js';
import { REQUEST_LIMITS } from '../limits.js';
import { peekSignalLayer } from '../protocol/codec.js';
import { monotonicMs } from '../protocol/monotonic.js';
import { WireError } from '../protocol/wire.js';

/** `traceparent` of W3C Trace Context level 1: version, trace id, parent id, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

/** Runs a decoder; what it finds malformed is the caller's fault. */
export function readRequest<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new HostError('REQUEST_INVALID', `the request is not a valid protobuf message: ${error.message}`);
  }
}

/** The layer of an encoded signal, 0 where it has none. */
export function peekLayer(signal: Uint8Array): number {
  return readRequest(() => peekSignalLayer(signal, 0, signal.length));
}

/** When a request must be answered (clock of `protocol/monotonic.ts`), and who asked. */
export interface RequestContext {
  deadlineMs: number;
  origin: () => CallOrigin;
}

interface Asked {
  metadata: Metadata;
  getDeadline(): Date | number;
}

/** @throws HostError REQUEST_INVALID when the request id is longer than it may be. */
export function requestContext(call: Asked, requestId: Uint8Array): RequestContext {
  if (requestId.length > REQUEST_LIMITS.maxNameBytes) {
    throw new HostError(
      'REQUEST_INVALID',
      `request_id: expected at most ${REQUEST_LIMITS.maxNameBytes} bytes, found ${requestId.length}`,
    );
  }
  return { deadlineMs: deadlineOf(call), origin: () => originOf(call.metadata, requestId) };
}

/** The gRPC deadline is a wall-clock moment; ours is on the monotonic clock. */
function deadlineOf(call: Asked): number {
  const deadline = call.getDeadline();
  if (deadline === Infinity) return Infinity;
  return monotonicMs() + (Number(deadline) - Date.now());
}

function originOf(metadata: Metadata, requestId: Uint8Array): CallOrigin {
  const [traceparent] = metadata.get('traceparent');
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  return { requestId: text(requestId), traceId: match?.[1] ?? '' };
}

/** The text of a string field. */
export function text(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
