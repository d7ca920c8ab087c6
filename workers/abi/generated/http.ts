// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { type PluginError, storePluginError } from './types.js';

/** A value is an index into this list. */
export const REDIRECT_POLICY_CASES = ['follow', 'manual', 'refuse'] as const;

export interface Request {
  method: Uint8Array;
  url: Uint8Array;
  headers: [Uint8Array, Uint8Array][];
  body: Uint8Array;
  /** 0 means: as long as the call itself may take. */
  timeoutMs: number;
  redirects: number;
}

export interface Response {
  status: number;
  /** The URL that answered, after redirects. */
  url: Uint8Array;
  headers: [Uint8Array, Uint8Array][];
  body: Uint8Array;
}

/** HTTP out. */
export interface Http {
  /** Sends a request and waits for the whole answer. */
  fetch(request: Request): Result<Response, PluginError>;
}

/** The core functions of `hal9:plugin/http@0.1.0`, answered by `service`. */
export function serveHttp(guest: GuestCore, service: Http): CoreFunctions {
  return {
    fetch: (
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
      p10: number,
    ): void => {
      guest.enterHost();
      try {
        const at = guest.area(p10, 32, 4);
        const answer = service.fetch({
          method: guest.string(p0, p1),
          url: guest.string(p2, p3),
          headers: liftListOfTupleOfStringString(guest, p4, p5),
          body: guest.bytes(p6, p7),
          timeoutMs: p8 >>> 0,
          redirects: guest.oneOf(p9, 3, 'redirect-policy'),
        });
        storeResultOfResponseOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
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

function storeResultOfResponseOrPluginError(guest: GuestCore, at: number, value: Result<Response, PluginError>): void {
  guest.view.setUint8(at, value.ok ? 0 : 1);
  if (value.ok) {
    storeResponse(guest, at + 4, value.value);
  } else {
    storePluginError(guest, at + 4, value.error);
  }
}

export function storeResponse(guest: GuestCore, at: number, value: Response): void {
  guest.view.setUint16(at, value.status, true);
  guest.storePair(at + 4, guest.lower(value.url), value.url.length);
  guest.storePair(at + 12, lowerListOfTupleOfStringString(guest, value.headers), value.headers.length);
  guest.storePair(at + 20, guest.lower(value.body), value.body.length);
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
