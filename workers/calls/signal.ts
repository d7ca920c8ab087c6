import { decodeSignal, sizeSignal, type Signal as WireSignal, writeSignal } from '../../src/protocol/codec.js';
import { encodeErrorField } from '../../src/protocol/outcomes.js';
import { sizeBlock, WireError, writeUint32 } from '../../src/protocol/wire.js';
import { WireReader } from '../../src/protocol/wire-reader.js';
import { type Guest, GuestViolation, type PluginError, type Signal } from '../abi/guest.js';
import type { Answer } from './caller.js';
import { isJson } from './json.js';
import { RequestRefused } from './refused.js';
import { faultOf, faultOfOutgoing, MAX_METADATA_ENTRIES, toGuest, toWire } from './wire-signal.js';

/** With repeated keys, of which the last counts, there may be more on the wire. */
const MAX_WIRE_ENTRIES = 4 * MAX_METADATA_ENTRIES;
const MANY_BYTES = 4_096;
const METADATA_TAG = (6 << 3) | 2;
const SIGNALS_TAG = (4 << 3) | 2;

/** Hands a Signal message to the guest's neuron and encodes what it answers. */
export function callSignal(guest: Guest, bytes: Uint8Array): Answer {
  const neuron = guest.neuron;
  if (neuron === undefined) throw new Error('a signal was sent to a plugin without a neuron');
  const result = neuron.process(toGuest(decode(bytes)));
  if (!result.ok) return { failed: true, body: encodeErrorField(errorFromGuest(result.error)) };
  return { failed: false, body: encodeSignals(result.value) };
}

/** The contract's codes count from 0, the proto's from 1. */
export function errorFromGuest(error: PluginError) {
  if (error.details !== undefined && !isJson(error.details))
    throw new GuestViolation('error details are not a JSON text');
  return { code: error.code + 1, message: error.message, details: error.details ?? new Uint8Array(0) };
}

function decode(bytes: Uint8Array): WireSignal {
  try {
    refuseManyEntries(bytes);
    const signal = decodeSignal(bytes);
    const fault = faultOf(signal);
    if (fault !== undefined) throw new RequestRefused(`signal.${fault}`);
    return signal;
  } catch (error) {
    if (error instanceof WireError) throw new RequestRefused(`signal: not a valid protobuf message: ${error.message}`);
    throw error;
  }
}

/** Before anything is made of them: a message of 4 MB has room for half a million entries. Short ones are decoded at once. */
function refuseManyEntries(bytes: Uint8Array): void {
  if (bytes.length < MANY_BYTES) return;
  const reader = new WireReader(bytes, 0, bytes.length);
  let entries = 0;
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === METADATA_TAG) entries++;
    reader.skip(tag);
  }
  if (entries <= MAX_WIRE_ENTRIES) return;
  throw new RequestRefused(`signal.metadata: expected at most ${MAX_METADATA_ENTRIES} entries, found ${entries}`);
}

function fromGuest(signal: Signal): WireSignal {
  const message = toWire(signal);
  const fault = faultOfOutgoing(message);
  if (fault !== undefined) throw new GuestViolation(`signal.${fault}`);
  return message;
}

/** Encodes the field `signals` of a PluginResult. */
function encodeSignals(signals: readonly Signal[]): Uint8Array {
  const messages: WireSignal[] = [];
  const sizes: number[] = [];
  let total = 0;
  for (const signal of signals) {
    const message = fromGuest(signal);
    const size = sizeSignal(message);
    messages.push(message);
    sizes.push(size);
    total += 1 + sizeBlock(size);
  }
  const out = new Uint8Array(total);
  let at = 0;
  for (let i = 0; i < messages.length; i++) {
    out[at++] = SIGNALS_TAG;
    at = writeUint32(sizes[i] as number, out, at);
    at = writeSignal(messages[i] as WireSignal, out, at);
  }
  return out;
}
