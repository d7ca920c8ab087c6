// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { liftPluginError, type PluginError } from './types.js';

export interface Entry {
  id: Uint8Array;
  content: Uint8Array;
  /** One JSON object as text. */
  metadata: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  timestamp: bigint;
}

export interface Hit {
  entry: Entry;
  /** Higher is better; what it means is the provider's affair. */
  score: number;
}

/** Capability `MemoryProvider`: stores entries on behalf of HAL9. */
export interface MemoryProvider {
  /** Stores an entry under its id, replacing an older one. */
  store(entry: Entry): Result<void, PluginError>;
  /** The entry of that id, or none. */
  retrieve(id: Uint8Array): Result<Entry | undefined, PluginError>;
  /** At most `limit` hits, best first. */
  search(query: Uint8Array, limit: number): Result<Hit[], PluginError>;
  /** Whether there was one to delete. */
  delete(id: Uint8Array): Result<boolean, PluginError>;
}

/** Binds the module's exports of `hal9:plugin/memory-provider@0.1.0`. */
export function bindMemoryProvider(guest: GuestCore): MemoryProvider {
  const callStore = guest.function('hal9:plugin/memory-provider@0.1.0#store') as (
    p0: number,
    p1: number,
    p2: number,
    p3: number,
    p4: number,
    p5: number,
    p6: bigint,
  ) => number;
  const postStore = guest.postReturn('hal9:plugin/memory-provider@0.1.0#store');
  const callRetrieve = guest.function('hal9:plugin/memory-provider@0.1.0#retrieve') as (
    p0: number,
    p1: number,
  ) => number;
  const postRetrieve = guest.postReturn('hal9:plugin/memory-provider@0.1.0#retrieve');
  const callSearch = guest.function('hal9:plugin/memory-provider@0.1.0#search') as (
    p0: number,
    p1: number,
    p2: number,
  ) => number;
  const postSearch = guest.postReturn('hal9:plugin/memory-provider@0.1.0#search');
  const callDelete = guest.function('hal9:plugin/memory-provider@0.1.0#delete') as (p0: number, p1: number) => number;
  const postDelete = guest.postReturn('hal9:plugin/memory-provider@0.1.0#delete');
  return {
    store(entry) {
      guest.enter();
      const pointer = callStore(
        guest.lower(entry.id),
        entry.id.length,
        guest.lower(entry.content),
        entry.content.length,
        guest.lower(entry.metadata),
        entry.metadata.length,
        entry.timestamp,
      );
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfNothingOrPluginError(guest, at);
      guest.leave(postStore, pointer);
      return value;
    },
    retrieve(id) {
      guest.enter();
      const pointer = callRetrieve(guest.lower(id), id.length);
      const at = guest.returned(pointer, 48, 8);
      const value = liftResultOfOptionOfEntryOrPluginError(guest, at);
      guest.leave(postRetrieve, pointer);
      return value;
    },
    search(query, limit) {
      guest.enter();
      const pointer = callSearch(guest.lower(query), query.length, limit);
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfListOfHitOrPluginError(guest, at);
      guest.leave(postSearch, pointer);
      return value;
    },
    delete(id) {
      guest.enter();
      const pointer = callDelete(guest.lower(id), id.length);
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfBoolOrPluginError(guest, at);
      guest.leave(postDelete, pointer);
      return value;
    },
  };
}

function liftResultOfNothingOrPluginError(guest: GuestCore, at: number): Result<void, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: undefined };
  }
  return { ok: false, error: liftPluginError(guest, at + 4) };
}

function liftResultOfOptionOfEntryOrPluginError(guest: GuestCore, at: number): Result<Entry | undefined, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: liftOptionOfEntry(guest, at + 8) };
  }
  return { ok: false, error: liftPluginError(guest, at + 8) };
}

function liftOptionOfEntry(guest: GuestCore, at: number): Entry | undefined {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'option') === 0) return undefined;
  return liftEntry(guest, at + 8);
}

export function liftEntry(guest: GuestCore, at: number): Entry {
  return {
    id: guest.string(guest.view.getUint32(at, true), guest.view.getUint32(at + 4, true)),
    content: guest.string(guest.view.getUint32(at + 8, true), guest.view.getUint32(at + 12, true)),
    metadata: guest.string(guest.view.getUint32(at + 16, true), guest.view.getUint32(at + 20, true)),
    timestamp: guest.view.getBigUint64(at + 24, true),
  };
}

function liftResultOfListOfHitOrPluginError(guest: GuestCore, at: number): Result<Hit[], PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return {
      ok: true,
      value: liftListOfHit(guest, guest.view.getUint32(at + 4, true), guest.view.getUint32(at + 8, true)),
    };
  }
  return { ok: false, error: liftPluginError(guest, at + 4) };
}

function liftListOfHit(guest: GuestCore, pointer: number, length: number): Hit[] {
  const start = guest.list(pointer, length, 40, 8, 3);
  const end = start + (length >>> 0) * 40;
  const values: Hit[] = [];
  for (let at = start; at < end; at += 40) values.push(liftHit(guest, at));
  return values;
}

export function liftHit(guest: GuestCore, at: number): Hit {
  return {
    entry: liftEntry(guest, at),
    score: guest.view.getFloat64(at + 32, true),
  };
}

function liftResultOfBoolOrPluginError(guest: GuestCore, at: number): Result<boolean, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: guest.view.getUint8(at + 4) !== 0 };
  }
  return { ok: false, error: liftPluginError(guest, at + 4) };
}
