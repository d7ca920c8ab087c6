// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
import type { GuestCore } from '../guest-core.js';
import type { Result } from '../result.js';
import { liftPluginError, type PluginError } from './types.js';

export interface Example {
  layer: number;
  input: Uint8Array;
  expected: Uint8Array;
  /** Weight of this example in the batch; 1.0 is ordinary. */
  weight: number;
}

export interface Progress {
  /** Examples taken into account. */
  learned: number;
  /** The algorithm's own measure over this batch, lower is better. */
  loss: number;
}

export interface Prediction {
  output: Uint8Array;
  /** 0.0 to 1.0. */
  confidence: number;
}

/** Capability `LearningAlgorithm`. */
export interface Learning {
  learn(batch: Example[]): Result<Progress, PluginError>;
  predict(layer: number, input: Uint8Array): Result<Prediction, PluginError>;
  exportState(): Result<Uint8Array, PluginError>;
  importState(state: Uint8Array): Result<void, PluginError>;
}

/** Binds the module's exports of `hal9:plugin/learning@0.1.0`. */
export function bindLearning(guest: GuestCore): Learning {
  const callLearn = guest.function('hal9:plugin/learning@0.1.0#learn') as (p0: number, p1: number) => number;
  const postLearn = guest.postReturn('hal9:plugin/learning@0.1.0#learn');
  const callPredict = guest.function('hal9:plugin/learning@0.1.0#predict') as (
    p0: number,
    p1: number,
    p2: number,
  ) => number;
  const postPredict = guest.postReturn('hal9:plugin/learning@0.1.0#predict');
  const callExportState = guest.function('hal9:plugin/learning@0.1.0#export-state') as () => number;
  const postExportState = guest.postReturn('hal9:plugin/learning@0.1.0#export-state');
  const callImportState = guest.function('hal9:plugin/learning@0.1.0#import-state') as (
    p0: number,
    p1: number,
  ) => number;
  const postImportState = guest.postReturn('hal9:plugin/learning@0.1.0#import-state');
  return {
    learn(batch) {
      guest.enter();
      const pointer = callLearn(lowerListOfExample(guest, batch), batch.length);
      const at = guest.returned(pointer, 32, 8);
      const value = liftResultOfProgressOrPluginError(guest, at);
      guest.leave(postLearn, pointer);
      return value;
    },
    predict(layer, input) {
      guest.enter();
      const pointer = callPredict(layer, guest.lower(input), input.length);
      const at = guest.returned(pointer, 32, 8);
      const value = liftResultOfPredictionOrPluginError(guest, at);
      guest.leave(postPredict, pointer);
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

function lowerListOfExample(guest: GuestCore, values: Example[]): number {
  const start = guest.allocate(values.length * 32, 8);
  let at = start;
  for (const value of values) {
    storeExample(guest, at, value);
    at += 32;
  }
  return start;
}

export function storeExample(guest: GuestCore, at: number, value: Example): void {
  guest.view.setUint8(at, value.layer);
  guest.storePair(at + 4, guest.lower(value.input), value.input.length);
  guest.storePair(at + 12, guest.lower(value.expected), value.expected.length);
  guest.view.setFloat64(at + 24, value.weight, true);
}

function liftResultOfProgressOrPluginError(guest: GuestCore, at: number): Result<Progress, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: liftProgress(guest, at + 8) };
  }
  return { ok: false, error: liftPluginError(guest, at + 8) };
}

export function liftProgress(guest: GuestCore, at: number): Progress {
  return {
    learned: guest.view.getUint32(at, true),
    loss: guest.view.getFloat64(at + 8, true),
  };
}

function liftResultOfPredictionOrPluginError(guest: GuestCore, at: number): Result<Prediction, PluginError> {
  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {
    return { ok: true, value: liftPrediction(guest, at + 8) };
  }
  return { ok: false, error: liftPluginError(guest, at + 8) };
}

export function liftPrediction(guest: GuestCore, at: number): Prediction {
  return {
    output: guest.string(guest.view.getUint32(at, true), guest.view.getUint32(at + 4, true)),
    confidence: guest.view.getFloat64(at + 8, true),
  };
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
