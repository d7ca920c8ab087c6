import { decodeSignal, sizeSignal, type Signal as WireSignal, writeSignal } from '../../src/protocol/codec.js';
import { encodeErrorField } from '../../src/protocol/outcomes.js';
import { sizeUint32, WireError, writeUint32 } from '../../src/protocol/wire.js';
import { type Guest, GuestViolation, type PluginError, type Signal } from '../abi/guest.js';
import type { Answer } from './caller.js';
import { isJson } from './json.js';
import { RequestRefused } from './refused.js';

/** Bounds of the contract (`sdk/wit/types.wit`): the same for what comes in and what goes out. */
const MAX_NAME_BYTES = 256;
const MAX_METADATA_ENTRIES = 64;
const MAX_LAYER = 9;
const SIGNALS_TAG = (4 << 3) | 2;

/** Hands a Signal message to the guest's neuron and encodes what it answers. */
export function callSignal(guest: Guest, bytes: Uint8Array): Answer {
  const neuron = guest.neuron;
  if (neuron === undefined) throw new Error('a signal was sent to a plugin without a neuron');
  const result = neuron.process(toGuest(decode(bytes)));
  if (!result.ok) return { failed: true, body: encodeErrorField(errorFromGuest(result.error)) };
  return { failed: false, body: encodeSignals(result.value.map(fromGuest)) };
}

/** The contract's codes count from 0, the proto's from 1. */
export function errorFromGuest(error: PluginError) {
  if (error.details !== undefined && !isJson(error.details))
    throw new GuestViolation('error details are not a JSON text');
  return { code: error.code + 1, message: error.message, details: error.details ?? new Uint8Array(0) };
}

function decode(bytes: Uint8Array): WireSignal {
  try {
    const signal = decodeSignal(bytes);
    const fault = faultOf(signal);
    if (fault !== undefined) throw new RequestRefused(`signal.${fault}`);
    return signal;
  } catch (error) {
    if (error instanceof WireError) throw new RequestRefused(`signal: not a valid protobuf message: ${error.message}`);
    throw error;
  }
}

function faultOf(signal: WireSignal): string | undefined {
  if (signal.layer < 1 || signal.layer > MAX_LAYER) return `layer: expected L1 to L9, found ${signal.layer}`;
  for (const name of ['id', 'type', 'source'] as const) {
    const length = signal[name].length;
    if (length > MAX_NAME_BYTES) return `${name}: expected at most ${MAX_NAME_BYTES} bytes, found ${length}`;
  }
  if (signal.metadata.length > MAX_METADATA_ENTRIES) {
    return `metadata: expected at most ${MAX_METADATA_ENTRIES} entries, found ${signal.metadata.length}`;
  }
  for (const [key, value] of signal.metadata) {
    if (!isJson(value)) return `metadata["${Buffer.from(key).toString().slice(0, 64)}"]: expected one JSON text`;
  }
  return undefined;
}

function toGuest({ layer, timestampMs, ...rest }: WireSignal): Signal {
  return { ...rest, layer: layer - 1, timestamp: timestampMs };
}

function fromGuest({ layer, timestamp, ...rest }: Signal): WireSignal {
  const signal = { ...rest, layer: layer + 1, timestampMs: timestamp };
  const fault = faultOf(signal);
  if (fault !== undefined) throw new GuestViolation(`signal.${fault}`);
  return signal;
}

/** Encodes the field `signals` of a PluginResult. */
function encodeSignals(signals: readonly WireSignal[]): Uint8Array {
  const sizes = signals.map(sizeSignal);
  const total = sizes.reduce((sum, size) => sum + 1 + sizeUint32(size) + size, 0);
  const out = new Uint8Array(total);
  let at = 0;
  signals.forEach((signal, i) => {
    out[at++] = SIGNALS_TAG;
    at = writeUint32(sizes[i] ?? 0, out, at);
    at = writeSignal(signal, out, at);
  });
  return out;
}
