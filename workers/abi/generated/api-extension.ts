// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { liftPluginError, type PluginError } from './types.js';

export interface Request {
  /** Upper case, one of those in the manifest. */
  method: Uint8Array;
  /** Below the plugin's endpoint, starting with `/`. */
  path: Uint8Array;
  /** Without the `?`; empty when there is none. */
  query: Uint8Array;
  /** Names in lower case. */
  headers: [Uint8Array, Uint8Array][];
  body: Uint8Array;
}

export interface Response {
  /** 200 to 599. */
  status: number;
  headers: [Uint8Array, Uint8Array][];
  body: Uint8Array;
}

/** Capability `ApiExtension`: answers requests under the endpoint that its manifest names. */
export interface ApiExtension {
  handle(request: Request): Result<Response, PluginError>;
}

/** Binds the module's exports of `hal9:plugin/api-extension@0.1.0`. */
export function bindApiExtension(guest: GuestCore): ApiExtension {
  const callHandle = guest.function('hal9:plugin/api-extension@0.1.0#handle') as (
    p0: number,
    p1: number,
    p2: number,
    p3: number,
    p4: number,
    p5: number,
    p6: number,
    p7: number,
    p8: number,
    p9: number,
  ) => number;
  const postHandle = guest.postReturn('hal9:plugin/api-extension@0.1.0#handle');
  return {
    handle(request) {
      guest.enter();
      const pointer = callHandle(
        guest.lower(request.method),
        request.method.length,
        guest.lower(request.path),
        request.path.length,
        guest.lower(request.query),
        request.query.length,
        lowerListOfTupleOfStringString(guest, request.headers),
        request.headers.length,
        guest.lower(request.body),
        request.body.length,
      );
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfResponseOrPluginError(guest, at);
      guest.leave(postHandle, pointer);
      return value;
    },
  };
}

function lowerListOfTupleOfStringString(guest: GuestCore, values: [Uint8Array, Uint8Array][]): number {
  const start = guest.allocate(values.length * 16, 4);
  let at = start;
  for (const value of values) {
    storeTupleOfStringString(guest, at, value);
    at += 16;
  }
  return start;
}

function storeTupleOfStringString(guest: GuestCore, at: number, value: [Uint8Array, Uint8Array]): void {
  guest.storePair(at, guest.lower(value[0]), value[0].length);
  guest.storePair(at + 8, guest.lower(value[1]), value[1].length);
}

function liftResultOfResponseOrPluginError(guest: GuestCore, at: number): Result<Response, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: liftResponse(guest, at + 4) };
  }
  return { ok: false, error: liftPluginError(guest, at + 4) };
}

export function liftResponse(guest: GuestCore, at: number): Response {
  return {
    status: guest.view.getUint16(at, true),
    headers: liftListOfTupleOfStringString(
      guest,
      guest.view.getUint32(at + 4, true),
      guest.view.getUint32(at + 8, true),
    ),
    body: guest.bytes(guest.view.getUint32(at + 12, true), guest.view.getUint32(at + 16, true)),
  };
}

function liftListOfTupleOfStringString(guest: GuestCore, pointer: number, length: number): [Uint8Array, Uint8Array][] {
  const start = guest.list(pointer, length, 16, 4, 2);
  const end = start + (length >>> 0) * 16;
  const values: [Uint8Array, Uint8Array][] = [];
  for (let at = start; at < end; at += 16) values.push(liftTupleOfStringString(guest, at));
  return values;
}

function liftTupleOfStringString(guest: GuestCore, at: number): [Uint8Array, Uint8Array] {
  return [
    guest.string(guest.view.getUint32(at, true), guest.view.getUint32(at + 4, true)),
    guest.string(guest.view.getUint32(at + 8, true), guest.view.getUint32(at + 12, true)),
  ];
}
