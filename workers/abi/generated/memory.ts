// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { CoreFunctions, GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { type PluginError, storePluginError } from './types.js';

export interface Entry {
  key: Uint8Array;
  /** One JSON text. */
  value: Uint8Array;
}

/**
 * Keys and values that outlive the instance; a namespace per plugin. Wants the permission Hal9Memory.
 *
 * A key, prefix or query that begins with `shared:NAME/` is about the memory NAME, which several plugins
 * share; that wants the permission {"Hal9SharedMemory": "NAME"}. Keys are answered as they are asked for, with that
 * beginning. A plugin's own keys cannot begin with `shared:`.
 *
 * Errors: permission-denied without the permission; resource-exhausted when a quota is used up or asked too often
 * (`details` then has `limit`, and `retry_after_ms` where waiting helps; a plugin without SystemTime is not refused
 * for asking too often: it waits); invalid-input for a key, value or query
 * that is malformed or too long; internal-error when the store failed.
 */
export interface Memory {
  /** The value of a key, or none. */
  get(key: Uint8Array): Result<Uint8Array | undefined, PluginError>;
  /**
   * Sets the value of a key: at most 512 bytes of key, and 262,144 of value, which is one JSON text. It is kept
   * for good once this has returned.
   */
  set(key: Uint8Array, value: Uint8Array): Result<void, PluginError>;
  /** Takes a key away, and says whether it was there. */
  delete(key: Uint8Array): Result<boolean, PluginError>;
  /**
   * At most `limit` entries whose key starts with `prefix`, in the order of their keys. A limit above 1,000 counts as
   * 1,000. Entries of more than 1 MiB together are answered with resource-exhausted.
   */
  listEntries(prefix: Uint8Array, limit: number): Result<Entry[], PluginError>;
  /**
   * Entries whose values have all words of the query, best first; limits as in `list-entries`. Searched are the strings
   * and numbers in a value, not the names of its members; case and accents do not count. A query has no syntax: whatever
   * is not a letter or digit separates words. Where more than 2,000 entries match, the newest 2,000 are ranked.
   */
  search(query: Uint8Array, limit: number): Result<Entry[], PluginError>;
}

/** The core functions of `hal9:plugin/memory@0.1.0`, answered by `service`. */
export function serveMemory(guest: GuestCore, service: Memory): CoreFunctions {
  return {
    get: (p0: number, p1: number, p2: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p2, 28, 4);
        const answer = service.get(guest.string(p0, p1));
        storeResultOfOptionOfStringOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
    set: (p0: number, p1: number, p2: number, p3: number, p4: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p4, 28, 4);
        const answer = service.set(guest.string(p0, p1), guest.string(p2, p3));
        storeResultOfNothingOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
    delete: (p0: number, p1: number, p2: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p2, 28, 4);
        const answer = service.delete(guest.string(p0, p1));
        storeResultOfBoolOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
    'list-entries': (p0: number, p1: number, p2: number, p3: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p3, 28, 4);
        const answer = service.listEntries(guest.string(p0, p1), p2 >>> 0);
        storeResultOfListOfEntryOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
    search: (p0: number, p1: number, p2: number, p3: number): void => {
      guest.enterHost();
      try {
        const at = guest.area(p3, 28, 4);
        const answer = service.search(guest.string(p0, p1), p2 >>> 0);
        storeResultOfListOfEntryOrPluginError(guest, at, answer);
      } catch (error) {
        throw guest.failed(error);
      }
    },
  };
}

function storeResultOfOptionOfStringOrPluginError(
  guest: GuestCore,
  at: number,
  value: Result<Uint8Array | undefined, PluginError>,
): void {
  guest.view.setUint8(at, value.ok ? 0 : 1);
  if (value.ok) {
    storeOptionOfString(guest, at + 4, value.value);
  } else {
    storePluginError(guest, at + 4, value.error);
  }
}

function storeOptionOfString(guest: GuestCore, at: number, value: Uint8Array | undefined): void {
  guest.view.setUint8(at, value === undefined ? 0 : 1);
  if (value !== undefined) {
    guest.storePair(at + 4, guest.lower(value), value.length);
  }
}

function storeResultOfNothingOrPluginError(guest: GuestCore, at: number, value: Result<void, PluginError>): void {
  guest.view.setUint8(at, value.ok ? 0 : 1);
  if (!value.ok) {
    storePluginError(guest, at + 4, value.error);
  }
}

function storeResultOfBoolOrPluginError(guest: GuestCore, at: number, value: Result<boolean, PluginError>): void {
  guest.view.setUint8(at, value.ok ? 0 : 1);
  if (value.ok) {
    guest.view.setUint8(at + 4, value.value ? 1 : 0);
  } else {
    storePluginError(guest, at + 4, value.error);
  }
}

function storeResultOfListOfEntryOrPluginError(
  guest: GuestCore,
  at: number,
  value: Result<Entry[], PluginError>,
): void {
  guest.view.setUint8(at, value.ok ? 0 : 1);
  if (value.ok) {
    guest.storePair(at + 4, lowerListOfEntry(guest, value.value), value.value.length);
  } else {
    storePluginError(guest, at + 4, value.error);
  }
}

function lowerListOfEntry(guest: GuestCore, values: Entry[]): number {
  const start = guest.allocate(values.length * 16, 4);
  let at = start;
  for (const value of values) {
    storeEntry(guest, at, value);
    at += 16;
  }
  return start;
}

export function storeEntry(guest: GuestCore, at: number, value: Entry): void {
  guest.storePair(at, guest.lower(value.key), value.key.length);
  guest.storePair(at + 8, guest.lower(value.value), value.value.length);
}
