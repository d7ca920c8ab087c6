// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { liftPluginError, liftSignal, type PluginError, type Signal } from './types.js';

/** Capability `NeuronType`: takes part in the hierarchy. */
export interface Neuron {
  /** Answers a signal with zero or more signals, each to the layer that it names. */
  process(signal: Signal): Result<Signal[], PluginError>;
  /** The neuron's state in a form of its own, for a snapshot or a hot reload. Empty when it has none. */
  exportState(): Result<Uint8Array, PluginError>;
  /** Takes over what `export-state` of this or an older version gave. */
  importState(state: Uint8Array): Result<void, PluginError>;
}

/** Binds the module's exports of `hal9:plugin/neuron@0.1.0`. */
export function bindNeuron(guest: GuestCore): Neuron {
  const callProcess = guest.function('hal9:plugin/neuron@0.1.0#process') as (
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
    p11: bigint,
  ) => number;
  const postProcess = guest.postReturn('hal9:plugin/neuron@0.1.0#process');
  const callExportState = guest.function('hal9:plugin/neuron@0.1.0#export-state') as () => number;
  const postExportState = guest.postReturn('hal9:plugin/neuron@0.1.0#export-state');
  const callImportState = guest.function('hal9:plugin/neuron@0.1.0#import-state') as (p0: number, p1: number) => number;
  const postImportState = guest.postReturn('hal9:plugin/neuron@0.1.0#import-state');
  return {
    process(signal) {
      guest.enter();
      const pointer = callProcess(
        guest.lower(signal.id),
        signal.id.length,
        guest.lower(signal.type),
        signal.type.length,
        signal.layer,
        guest.lower(signal.source),
        signal.source.length,
        guest.lower(signal.content),
        signal.content.length,
        lowerListOfTupleOfStringString(guest, signal.metadata),
        signal.metadata.length,
        signal.timestamp,
      );
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfListOfSignalOrPluginError(guest, at);
      guest.leave(postProcess, pointer);
      return value;
    },
    exportState() {
      guest.enter();
      const pointer = callExportState();
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfBytesOrPluginError(guest, at);
      guest.leave(postExportState, pointer);
      return value;
    },
    importState(state) {
      guest.enter();
      const pointer = callImportState(guest.lower(state), state.length);
      const at = guest.returned(pointer, 28, 4);
      const value = liftResultOfNothingOrPluginError(guest, at);
      guest.leave(postImportState, pointer);
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

function liftResultOfListOfSignalOrPluginError(guest: GuestCore, at: number): Result<Signal[], PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return {
      ok: true,
      value: liftListOfSignal(guest, guest.view.getUint32(at + 4, true), guest.view.getUint32(at + 8, true)),
    };
  }
  return { ok: false, error: liftPluginError(guest, at + 4) };
}

function liftListOfSignal(guest: GuestCore, pointer: number, length: number): Signal[] {
  const start = guest.list(pointer, length, 56, 8, 5);
  const end = start + (length >>> 0) * 56;
  const values: Signal[] = [];
  for (let at = start; at < end; at += 56) values.push(liftSignal(guest, at));
  return values;
}

function liftResultOfBytesOrPluginError(guest: GuestCore, at: number): Result<Uint8Array, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: guest.bytes(guest.view.getUint32(at + 4, true), guest.view.getUint32(at + 8, true)) };
  }
  return { ok: false, error: liftPluginError(guest, at + 4) };
}

function liftResultOfNothingOrPluginError(guest: GuestCore, at: number): Result<void, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: undefined };
  }
  return { ok: false, error: liftPluginError(guest, at + 4) };
}
