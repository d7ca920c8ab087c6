import {
  emptySignal,
  sizeProcessSignalRequest,
  sizeSignal,
  sizeStreamSignalsRequest,
  writeProcessSignalRequest,
  writeSignal,
  writeStreamSignalsRequest,
} from '../src/protocol/codec.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const TEXT =
  'The new release is not bad at all: it starts faster, the search finally works, and support answered within the hour. ' +
  'But the invoice page is still slow, and the export failed twice before it went through. ';

/** Bytes of the signal that every bench sends. */
export const SIGNAL_BYTES = 1_024;

/** A signal of 1 KB for L2: text, two entries of metadata, an id and a time. */
export function encodeSignal(): Uint8Array {
  const signal = {
    ...emptySignal(),
    id: bytes('5f0c7a52-0d1f-4b8e-9a36-5f2d8c41b7e0'),
    type: bytes('text'),
    layer: 2,
    source: bytes('core'),
    metadata: [
      [bytes('language'), bytes('"en"')],
      [bytes('trace'), bytes('"4bf92f3577b34da6a3ce929d0e0e4736"')],
    ] satisfies [Uint8Array, Uint8Array][],
    timestampMs: 1_795_000_000_000n,
  };
  // The length of the text has two bytes itself.
  const room = SIGNAL_BYTES - sizeSignal(signal) - 3;
  const whole = { ...signal, content: bytes(TEXT.repeat(Math.ceil(room / TEXT.length)).slice(0, room)) };
  const out = new Uint8Array(sizeSignal(whole));
  writeSignal(whole, out, 0);
  return out;
}

/** A ProcessSignalRequest, in base64. */
export function unaryRequest(pluginId = ''): string {
  const request = {
    signal: encodeSignal(),
    neuronType: bytes(''),
    pluginId: bytes(pluginId),
    requestId: bytes(''),
    fuel: undefined,
  };
  const out = new Uint8Array(sizeProcessSignalRequest(request));
  writeProcessSignalRequest(request, out, 0);
  return Buffer.from(out).toString('base64');
}

/** A StreamSignalsRequest of so many signals, without its id, in base64. */
export function streamRequest(signals: number, pluginId = ''): string {
  const request = {
    id: 0n,
    signals: Array.from({ length: signals }, encodeSignal),
    neuronType: bytes(''),
    pluginId: bytes(pluginId),
    requestId: bytes(''),
    timeoutMs: 0,
    fuel: undefined,
  };
  const out = new Uint8Array(sizeStreamSignalsRequest(request));
  writeStreamSignalsRequest(request, out, 0);
  return Buffer.from(out).toString('base64');
}
