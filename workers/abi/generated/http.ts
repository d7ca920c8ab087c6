// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { type PluginError, storePluginError } from './types.js';

/**
 * What to do with an answer that names another place: go there, at most 10 times; give it back; refuse it.
 * A value is an index into this list.
 */
export const REDIRECT_POLICY_CASES = ['follow', 'manual', 'refuse'] as const;

export interface Request {
  /** A token such as `GET`. CONNECT and TRACE are refused. */
  method: Uint8Array;
  /** An absolute `http:` or `https:` URL of at most 8,192 bytes, without a user name or password. */
  url: Uint8Array;
  /** At most 64, of 16,384 bytes together; of ASCII. `host`, `content-length` and what is about the connection is the host's. */
  headers: [Uint8Array, Uint8Array][];
  /** At most 1 MiB. */
  body: Uint8Array;
  /** 0 means: as long as the call itself may take, and at most 60,000. */
  timeoutMs: number;
  redirects: number;
}

export interface Response {
  status: number;
  /** The URL that answered, after redirects. */
  url: Uint8Array;
  /** Names in lower case, in the order in which they came. */
  headers: [Uint8Array, Uint8Array][];
  body: Uint8Array;
}

/** An answer whose body is still to be read. */
export interface Opened {
  /** For `read` and `close`, by this instance. */
  body: number;
  status: number;
  url: Uint8Array;
  headers: [Uint8Array, Uint8Array][];
}

/**
 * HTTP out. Wants the permission NetworkHttp or NetworkHttps for the host and port of the URL; redirects are new requests.
 *
 * A name is let through when it and every address that it resolves to may be reached: addresses that are not public want to be
 * granted as such (`{"hosts": ["10.1.2.3"]}`). Environment, proxies and cookies of the host play no part. A body comes as it was sent:
 * ask for an encoding (`accept-encoding`) only if the plugin decodes it.
 *
 * Errors, never traps: invalid-input for a request that is malformed; permission-denied (`details` has the permission that
 * is missing); resource-exhausted for what is too large or too often; timeout; network-error for all that
 * happens between here and the server (`details` has a code, such as `ECONNREFUSED`). An answer with any status is no error.
 */
export interface Http {
  /** Sends a request and waits for the whole answer. A body of more than 4 MiB is resource-exhausted: use `open`. */
  fetch(request: Request): Result<Response, PluginError>;
  /**
   * Sends a request and waits for the head of the answer. The time of the request is that until the body's end; at most 8
   * bodies of an instance are open at once.
   */
  open(request: Request): Result<Opened, PluginError>;
  /**
   * The next bytes of a body, at least one and at most `max-bytes`, which counts as 1 MiB above that; none at its end, and
   * the body is closed then. It is also closed by an error.
   */
  read(body: number, maxBytes: number): Result<Uint8Array, PluginError>;
  /** Lets go of a body. One that is closed, or never was, is no error. */
  close(body: number): void;
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
    open: (
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
        const at = guest.area(p10, 28, 4);
        const answer = service.open({
          method: guest.string(p0, p1),
          url: guest.string(p2, p3),
          headers: liftListOfTupleOfStringString(guest, p4, p5),
          body: guest.bytes(p6, p7),
          timeoutMs: p8 >>> 0,
          redirects: guest.oneOf(p9, 3, 'redirect-policy'),
        });
        storeResultOfOpenedOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
    read: (p0: number, p1: number, p2: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p2, 28, 4);
        const answer = service.read(p0 >>> 0, p1 >>> 0);
        storeResultOfBytesOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
    close: (p0: number): void => {
      guest.enterHost();
      try {
        service.close(p0 >>> 0);
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

function storeResultOfOpenedOrPluginError(guest: GuestCore, at: number, value: Result<Opened, PluginError>): void {
  guest.view.setUint8(at, value.ok ? 0 : 1);
  if (value.ok) {
    storeOpened(guest, at + 4, value.value);
  } else {
    storePluginError(guest, at + 4, value.error);
  }
}

export function storeOpened(guest: GuestCore, at: number, value: Opened): void {
  guest.view.setUint32(at, value.body, true);
  guest.view.setUint16(at + 4, value.status, true);
  guest.storePair(at + 8, guest.lower(value.url), value.url.length);
  guest.storePair(at + 16, lowerListOfTupleOfStringString(guest, value.headers), value.headers.length);
}

function storeResultOfBytesOrPluginError(guest: GuestCore, at: number, value: Result<Uint8Array, PluginError>): void {
  guest.view.setUint8(at, value.ok ? 0 : 1);
  if (value.ok) {
    guest.storePair(at + 4, guest.lower(value.value), value.value.length);
  } else {
    storePluginError(guest, at + 4, value.error);
  }
}
