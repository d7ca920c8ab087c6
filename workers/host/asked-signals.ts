import { sizeSignal, type Signal as WireSignal, writeSignal } from '../../src/protocol/codec.js';
import { ERROR_CODE } from '../../src/protocol/outcomes.js';
import type { Signals } from '../abi/generated/signals.js';
import type { Signal } from '../abi/generated/types.js';
import type { Result } from '../abi/result.js';
import { faultOfOutgoing, toWire } from '../calls/wire-signal.js';
import { ask, type Line } from './ask.js';

const encoder = new TextEncoder();

/** Answers `hal9:plugin/signals` by asking the main thread. Each signal names the plugin as its source, whatever the guest says. */
export class AskedSignals implements Signals {
  readonly #line: Line;
  readonly #source: Uint8Array;

  constructor(line: Line, pluginId: string) {
    this.#line = line;
    this.#source = encoder.encode(pluginId);
  }

  emit(signal: Signal): Result<void> {
    const message = { ...toWire(signal), source: this.#source };
    const fault = faultOfOutgoing(message);
    if (fault !== undefined) return { ok: false, error: malformed(fault) };
    return ask(this.#line, 'signals.emit', [encode(message)], () => undefined);
  }
}

function encode(message: WireSignal): Uint8Array {
  const bytes = new Uint8Array(sizeSignal(message));
  writeSignal(message, bytes, 0);
  return bytes;
}

/** The contract's codes count from 0, the proto's from 1. */
function malformed(fault: string) {
  return { code: ERROR_CODE.INVALID_INPUT - 1, message: encoder.encode(`signal.${fault}`), details: undefined };
}
