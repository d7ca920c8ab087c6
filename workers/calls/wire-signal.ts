import type { Signal as WireSignal } from '../../src/protocol/codec.js';
import type { Signal } from '../abi/generated/types.js';
import { isJson } from './json.js';

/** Bounds of the contract (`sdk/wit/types.wit`): the same for what comes in and what goes out. */
const MAX_NAME_BYTES = 256;
export const MAX_METADATA_ENTRIES = 64;
const MAX_LAYER = 9;

// Field by field: spreading an object costs more than all the rest of a call's bindings.

export function toGuest({ id, type, layer, source, content, metadata, timestampMs }: WireSignal): Signal {
  return { id, type, layer: layer - 1, source, content, metadata, timestamp: timestampMs };
}

export function toWire({ id, type, layer, source, content, metadata, timestamp }: Signal): WireSignal {
  return { id, type, layer: layer + 1, source, content, metadata, timestampMs: timestamp };
}

/** What is wrong with a signal, beginning with the field's name. */
export function faultOf(signal: WireSignal): string | undefined {
  if (signal.layer < 1 || signal.layer > MAX_LAYER) return `layer: expected L1 to L9, found ${signal.layer}`;
  if (signal.id.length > MAX_NAME_BYTES) return tooLong('id', signal.id);
  if (signal.type.length > MAX_NAME_BYTES) return tooLong('type', signal.type);
  if (signal.source.length > MAX_NAME_BYTES) return tooLong('source', signal.source);
  if (signal.metadata.length > MAX_METADATA_ENTRIES) {
    return `metadata: expected at most ${MAX_METADATA_ENTRIES} entries, found ${signal.metadata.length}`;
  }
  for (const [key, value] of signal.metadata) {
    if (!isJson(value)) return `metadata["${Buffer.from(key).toString().slice(0, 64)}"]: expected one JSON text`;
  }
  return undefined;
}

/** Of one that a guest sends. Keys are unique by the contract; what comes over gRPC is so by the nature of a protobuf map. */
export function faultOfOutgoing(signal: WireSignal): string | undefined {
  return faultOf(signal) ?? repeatedKey(signal.metadata);
}

function repeatedKey(metadata: WireSignal['metadata']): string | undefined {
  if (metadata.length < 2) return undefined;
  const keys = new Set(metadata.map(([key]) => Buffer.from(key).toString('latin1')));
  return keys.size === metadata.length ? undefined : 'metadata: expected each key once';
}

function tooLong(name: string, found: Uint8Array): string {
  return `${name}: expected at most ${MAX_NAME_BYTES} bytes, found ${found.length}`;
}
