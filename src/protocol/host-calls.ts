/**
 * What a worker asks of the main thread while its guest waits, and what it is answered: one transferred ArrayBuffer each way,
 * little-endian,
 *
 *     u32 number | u32 what | (u32 length | length bytes)*
 *
 * `number` counts the requests of one life and is repeated in the answer. `what` is, in a request, the operation's place
 * in HOST_OPERATIONS; in an answer 0 where it was done, else the code of the error, whose fields are message, details (empty
 * for none), for how many milliseconds asking again is of no use (0 for no such time), and the fuel that others have used for it.
 */
import { ERROR_CODE } from './outcomes.js';

/** What can be asked, with the fields of a request and of its answer. */
export const HOST_OPERATIONS = [
  /** key -> nothing, or the value */
  'memory.get',
  /** key, value -> nothing */
  'memory.set',
  /** key -> one byte: 1 where there was such a key */
  'memory.delete',
  /** prefix, limit -> key, value, key, value, ... */
  'memory.list',
  /** query, limit -> key, value, key, value, ... */
  'memory.search',
  /** method, url, body, timeout in ms, redirect policy, then name, value, ... -> status, url, body, then name, value, ... */
  'http.fetch',
  /** as http.fetch -> status, url, the body's number, then name, value, ... */
  'http.open',
  /** the body's number, how many bytes at most -> bytes, none at the end */
  'http.read',
  /** the body's number -> nothing */
  'http.close',
  /** an encoded Signal -> nothing */
  'signals.emit',
  /** plugin id, tool, parameters, fuel that is left -> the answer, fuel that the other plugin has used */
  'plugins.call',
  /*
   * A place is three fields: a handle, or 0 and where the path begins as the guest names it; and a path from there. Each answer begins
   * with an error number of WASI, and ends with it where that is not 0.
   */
  /** place, flags -> handle, kind */
  'files.open',
  /** handle, offset, how many bytes at most -> bytes, none at the end */
  'files.read',
  /** handle, offset or nothing for the end of the file, bytes -> how many were written, where the next ones come */
  'files.write',
  /** place -> see `files.ts` */
  'files.stat',
  /** place -> the entries of a directory, see `files.ts` */
  'files.list',
  /** place -> nothing */
  'files.make-directory',
  /** place -> nothing */
  'files.remove-directory',
  /** place -> nothing */
  'files.unlink',
  /** place, place -> nothing */
  'files.rename',
  /** handle, size, 1 where it may only grow by it -> nothing */
  'files.resize',
  /** place, moment of access, moment of change -> nothing */
  'files.set-times',
  /** handle -> nothing */
  'files.sync',
  /** handle -> nothing */
  'files.close',
] as const;
export type HostOperation = (typeof HOST_OPERATIONS)[number];
export type HostErrorCode = keyof typeof ERROR_CODE;

/** What a worker asks through, for one life. */
export interface HostLink {
  port: InstanceType<typeof MessagePort>;
  /** One int32: how many answers were posted. The worker sleeps on it. */
  bell: SharedArrayBuffer;
}

export interface HostRequest {
  number: number;
  operation: HostOperation;
  fields: Uint8Array[];
}

export type HostAnswer = { ok: true; fields: readonly Uint8Array[] } | HostRefusal;

export interface HostRefusal {
  ok: false;
  code: HostErrorCode;
  message: string;
  /** What JSON can say. */
  details?: unknown;
  /** That another plugin has used for it; none by default. */
  fuel?: number;
  /** The limit that was in the way, for the host itself; it is not told. */
  limit?: string;
  /** Another plugin said it, in words of its own; for the host itself. */
  foreign?: boolean;
  /** Why in a word, for the audit log, where there is more to say than what the code says. */
  reason?: string;
  /** What it was about, for the audit log; the guest is not sent it. */
  target?: string;
  /** So long the worker itself gives this answer to requests of the same operation. */
  quietMs?: number;
}

/** An answer as the worker reads it; message and details are UTF-8, `code` counts as the contract does. */
export type ReceivedAnswer =
  | { number: number; ok: true; fields: Uint8Array[] }
  | {
      number: number;
      ok: false;
      code: number;
      message: Uint8Array;
      details: Uint8Array | undefined;
      quietMs: number;
      fuel: number;
    };

const HEADER_BYTES = 8;
const MAX_FIELDS = 65_536;
const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

export function packRequest(number: number, operation: HostOperation, fields: readonly Uint8Array[]): ArrayBuffer {
  return pack(number, HOST_OPERATIONS.indexOf(operation), fields);
}

/** Undefined where the message is no request. The fields are views into the buffer. */
export function unpackRequest(message: unknown): HostRequest | undefined {
  const found = unpack(message);
  if (found === undefined) return undefined;
  const { number, what, fields } = found;
  const operation = HOST_OPERATIONS[what];
  return operation === undefined ? undefined : { number, operation, fields };
}

export function packAnswer(number: number, answer: HostAnswer): ArrayBuffer {
  if (answer.ok) return pack(number, 0, answer.fields);
  const { code, message, details, quietMs = 0, fuel = 0 } = answer;
  const text = details === undefined ? '' : JSON.stringify(details);
  return pack(number, ERROR_CODE[code], [
    encoder.encode(message),
    encoder.encode(text),
    countField(quietMs),
    fuelField(fuel),
  ]);
}

/** Undefined where the message is no answer. The fields are views into the buffer. */
export function unpackAnswer(message: unknown): ReceivedAnswer | undefined {
  const found = unpack(message);
  if (found === undefined) return undefined;
  const { number, what, fields } = found;
  if (what === 0) return { number, ok: true, fields };
  const [text = NO_BYTES, details = NO_BYTES, quiet, fuel] = fields;
  const some = details.length === 0 ? undefined : details;
  return {
    number,
    ok: false,
    code: what - 1,
    message: text,
    details: some,
    quietMs: countOf(quiet) ?? 0,
    fuel: fuelOf(fuel) ?? 0,
  };
}

/** A count as a field. */
export function countField(count: number): Uint8Array {
  const field = new Uint8Array(4);
  new DataView(field.buffer).setUint32(0, count, true);
  return field;
}

/** Undefined where the field is no count. */
export function countOf(field: Uint8Array | undefined): number | undefined {
  if (field?.length !== 4) return undefined;
  return new DataView(field.buffer, field.byteOffset, 4).getUint32(0, true);
}

/** A size, an offset or a moment as a field. */
export function bigField(value: bigint): Uint8Array {
  const field = new Uint8Array(8);
  new DataView(field.buffer).setBigInt64(0, value, true);
  return field;
}

/** Undefined where the field is none. */
export function bigOf(field: Uint8Array | undefined): bigint | undefined {
  if (field?.length !== 8) return undefined;
  return new DataView(field.buffer, field.byteOffset, 8).getBigInt64(0, true);
}

/** An amount of fuel as a field. */
export function fuelField(fuel: number): Uint8Array {
  const field = new Uint8Array(8);
  new DataView(field.buffer).setFloat64(0, fuel, true);
  return field;
}

/** Undefined where the field is no amount of fuel. */
export function fuelOf(field: Uint8Array | undefined): number | undefined {
  if (field?.length !== 8) return undefined;
  const fuel = new DataView(field.buffer, field.byteOffset, 8).getFloat64(0, true);
  return fuel >= 0 ? fuel : undefined;
}

function pack(number: number, what: number, fields: readonly Uint8Array[]): ArrayBuffer {
  let size = HEADER_BYTES;
  for (const field of fields) size += 4 + field.length;
  const buffer = new ArrayBuffer(size);
  const view = new DataView(buffer);
  const out = new Uint8Array(buffer);
  view.setUint32(0, number, true);
  view.setUint32(4, what, true);
  let at = HEADER_BYTES;
  for (const field of fields) {
    view.setUint32(at, field.length, true);
    out.set(field, at + 4);
    at += 4 + field.length;
  }
  return buffer;
}

function unpack(message: unknown): { number: number; what: number; fields: Uint8Array[] } | undefined {
  if (!(message instanceof ArrayBuffer) || message.byteLength < HEADER_BYTES) return undefined;
  const view = new DataView(message);
  const fields: Uint8Array[] = [];
  let at = HEADER_BYTES;
  while (at < message.byteLength) {
    if (at + 4 > message.byteLength || fields.length === MAX_FIELDS) return undefined;
    const length = view.getUint32(at, true);
    at += 4;
    if (at + length > message.byteLength) return undefined;
    fields.push(new Uint8Array(message, at, length));
    at += length;
  }
  return { number: view.getUint32(0, true), what: view.getUint32(4, true), fields };
}
