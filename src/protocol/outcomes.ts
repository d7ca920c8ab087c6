/**
 * Outcomes out: what a worker sends back, packed. One transferred ArrayBuffer carries any number of frames,
 * little-endian, each
 *
 *     u32 number | u8 outcome | u8 limit | u8 flags | u8 zero | u32 guestTimeUs | u32 length
 *     | f64 memoryBytes | f64 memoryGrowthBytes | f64 fuel | length bytes | padding to 8
 *
 * The bytes are fields of a PluginResult, already encoded: `signals` or `value` (ok), `error` (all others).
 */
import { decodePluginError, type PluginError, sizePluginError, writePluginError } from './codec.js';
import { WireReader } from './wire-reader.js';

/** The numbers are those of PluginResult.Outcome in the proto; `refused` never leaves the server as an outcome. */
export const OUTCOME = {
  ok: 1,
  'plugin-error': 2,
  trap: 3,
  limit: 4,
  cancelled: 5,
  'host-bug': 6,
  aborted: 7,
  refused: 100,
} as const;
export type OutcomeType = keyof typeof OUTCOME;

/** The numbers are those of PluginResult.Limit in the proto. */
export const LIMIT = { none: 0, fuel: 1, memory: 2, deadline: 3, output: 4, stack: 5, queue: 6 } as const;
export type LimitName = keyof typeof LIMIT;

/** What a call used. */
export interface Usage {
  guestTimeUs: number;
  memoryBytes: number;
  memoryGrowthBytes: number;
  /** Exact where the guest returned, an upper bound where it trapped; undefined where it did not start. */
  fuel: number | undefined;
}

/**
 * What came of one call. `ok` and `plugin-error` leave the instance alive; after `trap` and `limit` it is dead
 * (`dead` says so). `refused`: the worker found the request itself invalid, and the guest never saw it.
 */
export interface Outcome extends Usage {
  type: OutcomeType;
  limit: LimitName;
  dead: boolean;
  body: Uint8Array;
}

export interface NumberedOutcome extends Outcome {
  number: number;
}

export const NO_USAGE: Usage = { guestTimeUs: 0, memoryBytes: 0, memoryGrowthBytes: 0, fuel: undefined };

const HEADER_BYTES = 40;
const FLAG_DEAD = 1;
const FLAG_FUEL = 2;
const TYPES = new Map<number, OutcomeType>(Object.entries(OUTCOME).map(([name, n]) => [n, name as OutcomeType]));
const LIMITS = Object.keys(LIMIT) as LimitName[];
const ERROR_TAG = (6 << 3) | 2;

const align = (length: number): number => (length + 7) & ~7;

/** Numbers of ErrorCode in the proto. */
export const ERROR_CODE = {
  INVALID_INPUT: 1,
  PERMISSION_DENIED: 2,
  RESOURCE_EXHAUSTED: 3,
  NOT_IMPLEMENTED: 4,
  INTERNAL_ERROR: 5,
  TIMEOUT: 6,
  NETWORK_ERROR: 7,
  CONFIG_ERROR: 8,
} as const;

const encoder = new TextEncoder();

/** Encodes the field `error` of a PluginResult. */
export function encodeErrorField(error: PluginError): Uint8Array {
  const size = sizePluginError(error);
  const lengthBytes = size < 0x80 ? 1 : size < 0x4000 ? 2 : size < 0x20_0000 ? 3 : size < 0x1000_0000 ? 4 : 5;
  const out = new Uint8Array(1 + lengthBytes + size);
  out[0] = ERROR_TAG;
  let rest = size;
  let at = 1;
  for (; rest >= 0x80; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  writePluginError(error, out, at);
  return out;
}

/** An outcome that the host words itself. */
export function hostOutcome(
  type: Exclude<OutcomeType, 'ok' | 'plugin-error'>,
  code: keyof typeof ERROR_CODE,
  message: string,
  more: { limit?: LimitName; dead?: boolean; usage?: Usage; details?: string } = {},
): Outcome {
  const body = encodeErrorField({
    code: ERROR_CODE[code],
    message: encoder.encode(message),
    details: encoder.encode(more.details ?? ''),
  });
  const { guestTimeUs, memoryBytes, memoryGrowthBytes, fuel } = more.usage ?? NO_USAGE;
  const dead = more.dead ?? false;
  return { type, limit: more.limit ?? 'none', dead, body, guestTimeUs, memoryBytes, memoryGrowthBytes, fuel };
}

/** What the field `error` of an outcome says; empty for one that has none. */
export function messageOf({ body }: Outcome): string {
  const reader = new WireReader(body, 0, body.length);
  if (body.length === 0 || reader.tag() !== ERROR_TAG) return '';
  return Buffer.from(decodePluginError(reader.block()).message).toString();
}

/** Packs outcomes into one buffer of exactly their size, to be transferred. */
export function packOutcomes(outcomes: readonly NumberedOutcome[]): ArrayBuffer {
  let size = 0;
  for (const outcome of outcomes) size += HEADER_BYTES + align(outcome.body.length);
  const buffer = new ArrayBuffer(size);
  const view = new DataView(buffer);
  const out = new Uint8Array(buffer);
  let offset = 0;
  for (const outcome of outcomes) {
    view.setUint32(offset, outcome.number, true);
    view.setUint8(offset + 4, OUTCOME[outcome.type]);
    view.setUint8(offset + 5, LIMIT[outcome.limit]);
    view.setUint8(offset + 6, (outcome.dead ? FLAG_DEAD : 0) | (outcome.fuel === undefined ? 0 : FLAG_FUEL));
    view.setUint32(offset + 8, Math.min(outcome.guestTimeUs, 0xffff_ffff), true);
    view.setUint32(offset + 12, outcome.body.length, true);
    view.setFloat64(offset + 16, outcome.memoryBytes, true);
    view.setFloat64(offset + 24, outcome.memoryGrowthBytes, true);
    view.setFloat64(offset + 32, outcome.fuel ?? 0, true);
    out.set(outcome.body, offset + HEADER_BYTES);
    offset += HEADER_BYTES + align(outcome.body.length);
  }
  return buffer;
}

/** Calls `visit` for each frame, in order. The bodies are views into the buffer. */
export function unpackOutcomes(buffer: ArrayBuffer, visit: (outcome: NumberedOutcome) => void): void {
  const view = new DataView(buffer);
  let offset = 0;
  while (offset < buffer.byteLength) {
    const length = view.getUint32(offset + 12, true);
    const flags = view.getUint8(offset + 6);
    visit({
      number: view.getUint32(offset, true),
      type: TYPES.get(view.getUint8(offset + 4)) ?? 'host-bug',
      limit: LIMITS[view.getUint8(offset + 5)] ?? 'none',
      dead: (flags & FLAG_DEAD) !== 0,
      guestTimeUs: view.getUint32(offset + 8, true),
      memoryBytes: view.getFloat64(offset + 16, true),
      memoryGrowthBytes: view.getFloat64(offset + 24, true),
      fuel: (flags & FLAG_FUEL) === 0 ? undefined : view.getFloat64(offset + 32, true),
      body: new Uint8Array(buffer, offset + HEADER_BYTES, length),
    });
    offset += HEADER_BYTES + align(length);
  }
}
