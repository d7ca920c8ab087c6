// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { GuestCore } from '../guest-core.js';

/**
 * A layer of the hierarchy. Signals pass up (towards L9) and down.
 * A value is an index into this list.
 */
export const LAYER_CASES = ['l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7', 'l8', 'l9'] as const;

/** What neurons exchange. */
export interface Signal {
  /** Chosen by the sender, echoed in logs; at most 256 bytes. */
  id: Uint8Array;
  /** What kind of signal this is, for instance `text`; at most 256 bytes. */
  type: Uint8Array;
  /** The layer that the signal is for (input) or that it is sent to (output). */
  layer: number;
  /** Who sent it: a plugin's name, or a name that HAL9 core chose; at most 256 bytes. */
  source: Uint8Array;
  /** The text itself. */
  content: Uint8Array;
  /** Keys with JSON values, each value one JSON text. Keys are unique; at most 64 entries. */
  metadata: [Uint8Array, Uint8Array][];
  /** Milliseconds since the Unix epoch. 0 means: the sender did not say. */
  timestamp: bigint;
}

/**
 * Why a plugin, or a host service, could not do what it was asked. The set is closed.
 * A value is an index into this list.
 */
export const ERROR_CODE_CASES = [
  'invalid-input',
  'permission-denied',
  'resource-exhausted',
  'not-implemented',
  'internal-error',
  'timeout',
  'network-error',
  'config-error',
] as const;

/** A typed failure. It travels to the gRPC caller as it is. */
export interface PluginError {
  code: number;
  /** One sentence for a person: what was expected, what was found. */
  message: Uint8Array;
  /** One JSON text for a program, where there is more to say. */
  details: Uint8Array | undefined;
}

export function liftPluginError(guest: GuestCore, at: number): PluginError {
  return {
    code: guest.oneOf(guest.view.getUint8(at), 8, 'error-code'),
    message: guest.string(guest.view.getUint32(at + 4, true), guest.view.getUint32(at + 8, true)),
    details: liftOptionOfString(guest, at + 12),
  };
}

function liftOptionOfString(guest: GuestCore, at: number): Uint8Array | undefined {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'option') === 0) return undefined;
  return guest.string(guest.view.getUint32(at + 4, true), guest.view.getUint32(at + 8, true));
}

export function liftSignal(guest: GuestCore, at: number): Signal {
  return {
    id: guest.string(guest.view.getUint32(at, true), guest.view.getUint32(at + 4, true)),
    type: guest.string(guest.view.getUint32(at + 8, true), guest.view.getUint32(at + 12, true)),
    layer: guest.oneOf(guest.view.getUint8(at + 16), 9, 'layer'),
    source: guest.string(guest.view.getUint32(at + 20, true), guest.view.getUint32(at + 24, true)),
    content: guest.string(guest.view.getUint32(at + 28, true), guest.view.getUint32(at + 32, true)),
    metadata: liftListOfTupleOfStringString(
      guest,
      guest.view.getUint32(at + 36, true),
      guest.view.getUint32(at + 40, true),
    ),
    timestamp: guest.view.getBigUint64(at + 48, true),
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

export function storePluginError(guest: GuestCore, at: number, value: PluginError): void {
  guest.view.setUint8(at, value.code);
  guest.storePair(at + 4, guest.lower(value.message), value.message.length);
  storeOptionOfString(guest, at + 12, value.details);
}

function storeOptionOfString(guest: GuestCore, at: number, value: Uint8Array | undefined): void {
  guest.view.setUint8(at, value === undefined ? 0 : 1);
  if (value !== undefined) {
    guest.storePair(at + 4, guest.lower(value), value.length);
  }
}
