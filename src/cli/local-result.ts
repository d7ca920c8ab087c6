import type { LimitKind, OutcomeName, PluginError, PluginRef, PluginResult, Signal } from '../client/messages.js';
import { HostError } from '../errors.js';
import { printable } from '../observe/printable.js';
import type { LogLine } from '../protocol/bind.js';
import { decodePluginResult, type Signal as WireSignal } from '../protocol/codec.js';
import { ERROR_CODE, type Outcome } from '../protocol/outcomes.js';
import { FUEL_VERSION } from '../wasm/fuel/weights.js';

const CODES = new Map<number, string>(Object.entries(ERROR_CODE).map(([name, number]) => [number, name]));

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** An outcome as a server's reply has it. */
export function resultOf(plugin: PluginRef, outcome: Outcome): PluginResult {
  if (outcome.type === 'refused') throw new HostError('PARAMETERS_INVALID', text(outcome.body));
  const { error, signals, value } = decodePluginResult(outcome.body);
  return {
    plugin,
    outcome: outcome.type.toUpperCase().replace('-', '_') as OutcomeName,
    limit: outcome.limit === 'none' ? 'LIMIT_UNSPECIFIED' : (outcome.limit.toUpperCase() as LimitKind),
    signals: signals.map(signalOf),
    value: text(value),
    error: error === undefined ? null : errorOf(error),
    cost: costOf(outcome),
  };
}

/** A signal as a server's reply has it. */
export function signalOf(signal: WireSignal): Signal {
  return {
    id: text(signal.id),
    type: text(signal.type),
    layer: `L${signal.layer}` as Signal['layer'],
    source: text(signal.source),
    content: text(signal.content),
    metadata: Object.fromEntries(signal.metadata.map(([key, entry]) => [text(key), text(entry)])),
    timestampMs: String(signal.timestampMs),
  };
}

function errorOf(error: { code: number; message: Uint8Array; details: Uint8Array }): PluginError {
  const code = CODES.get(error.code) ?? 'ERROR_CODE_UNSPECIFIED';
  return { code, message: text(error.message), details: text(error.details) };
}

function costOf({ fuel, guestTimeUs, memoryBytes, memoryGrowthBytes }: Outcome): PluginResult['cost'] {
  return {
    ...(fuel === undefined ? {} : { fuel: String(fuel) }),
    fuelVersion: fuel === undefined ? 0 : FUEL_VERSION,
    guestTimeUs: String(guestTimeUs),
    queueTimeUs: '0',
    memoryBytes: String(memoryBytes),
    memoryGrowthBytes: String(memoryGrowthBytes),
    calledFuel: '0',
  };
}

/** Shows what the guest complains about, which a server would log. */
export function printLogLine({ level, text: line }: LogLine): void {
  if (level === 'warn' || level === 'error') process.stderr.write(`${level}: ${printable(line)}\n`);
}
