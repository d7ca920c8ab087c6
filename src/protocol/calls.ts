/**
 * Calls in: what the main thread sends to a worker, packed. One transferred ArrayBuffer carries any number of frames,
 * little-endian, each
 *
 *     u32 number | u32 kind | f64 deadlineMs | f64 fuel | u32 length | u32 withheld | length bytes | padding to 8
 *
 * `number` counts the calls of one life from 1. `deadlineMs` is a moment on the clock of `monotonic.ts`, Infinity for
 * none; `fuel` is the call's budget; `withheld` what its guest is granted and yet does not have in this
 * call. The bytes are a protobuf message as the client sent it: a Signal, or an InvokeToolRequest.
 */
export const CALL_KIND = { signal: 1, tool: 2 } as const;
export type CallKind = keyof typeof CALL_KIND;

/** Grants by value that a call for another plugin goes without, as bits: the clock stands, random numbers are seeded. */
export const WITHHELD = { time: 1, random: 2 } as const;

const HEADER_BYTES = 32;

/** What is packed for one call. */
export interface OutgoingCall {
  readonly kind: CallKind;
  readonly deadlineMs: number;
  readonly fuel: number;
  readonly withheld: number;
  readonly bytes: Uint8Array;
}

export interface IncomingCall {
  number: number;
  kind: CallKind;
  deadlineMs: number;
  fuel: number;
  withheld: number;
  bytes: Uint8Array;
}

const align = (length: number): number => (length + 7) & ~7;

/** Packs calls into one buffer of exactly their size, to be transferred. The first gets `firstNumber`. */
export function packCalls(calls: readonly OutgoingCall[], firstNumber: number): ArrayBuffer {
  let size = 0;
  for (const call of calls) size += HEADER_BYTES + align(call.bytes.length);
  const buffer = new ArrayBuffer(size);
  const view = new DataView(buffer);
  const out = new Uint8Array(buffer);
  let offset = 0;
  let number = firstNumber;
  for (const call of calls) {
    view.setUint32(offset, number++, true);
    view.setUint32(offset + 4, CALL_KIND[call.kind], true);
    view.setFloat64(offset + 8, call.deadlineMs, true);
    view.setFloat64(offset + 16, call.fuel, true);
    view.setUint32(offset + 24, call.bytes.length, true);
    view.setUint32(offset + 28, call.withheld, true);
    out.set(call.bytes, offset + HEADER_BYTES);
    offset += HEADER_BYTES + align(call.bytes.length);
  }
  return buffer;
}

/** Calls `visit` for each frame, in order. The bytes are views into the buffer. */
export function unpackCalls(buffer: ArrayBuffer, visit: (call: IncomingCall) => void): void {
  const view = new DataView(buffer);
  let offset = 0;
  while (offset < buffer.byteLength) {
    const length = view.getUint32(offset + 24, true);
    visit({
      number: view.getUint32(offset, true),
      kind: view.getUint32(offset + 4, true) === CALL_KIND.signal ? 'signal' : 'tool',
      deadlineMs: view.getFloat64(offset + 8, true),
      fuel: view.getFloat64(offset + 16, true),
      withheld: view.getUint32(offset + 28, true),
      bytes: new Uint8Array(buffer, offset + HEADER_BYTES, length),
    });
    offset += HEADER_BYTES + align(length);
  }
}
