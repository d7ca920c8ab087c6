import { status as StatusCode } from '@grpc/grpc-js';
import type { PluginAnswer } from '../dispatch/dispatcher.js';
import type { HostError } from '../errors.js';
import type { ActivePlugin } from '../plugin/capability-registry.js';
import {
  type Cost,
  sizeCost,
  sizePluginRef,
  sizeRefusal,
  writeCost,
  writePluginRef,
  writeRefusal,
} from '../protocol/codec.js';
import { LIMIT, OUTCOME } from '../protocol/outcomes.js';
import { sizeBlock, sizeUint64, writeBlock, writeUint32, writeUint64 } from '../protocol/wire.js';
import { FUEL_VERSION } from '../wasm/fuel/weights.js';

/**
 * The answers of the execution service, written straight into one buffer: the worker has encoded what the guest said,
 * the main thread adds what only it knows. Tags are field << 3 | wire type (protobuf encoding specification); a test
 * holds every message against proto-loader's decoder.
 */
const TAG = {
  plugin: 0x0a,
  outcome: 0x10,
  limit: 0x18,
  cost: 0x3a,
  first: 0x0a,
  second: 0x12,
  third: 0x1a,
  id: 0x08,
} as const;

const references = new WeakMap<ActivePlugin, Uint8Array>();
const encoder = new TextEncoder();

/** `ProcessSignalResponse`, and `InvokeToolResponse`: results in field 1, request_id in field 2. */
export function encodeResults(answers: readonly PluginAnswer[], requestId: Uint8Array): Buffer {
  const results = answers.map(measure);
  const size = results.reduce((sum, result) => sum + sizeField(result.size), 0) + sizeBytes(requestId);
  const out = Buffer.allocUnsafe(size);
  let at = writeResults(results, out, 0);
  at = writeBytes(TAG.second, requestId, out, at);
  return out;
}

/** What came of one signal of a stream: its results, or a refusal. */
export type StreamAnswer = { answers: readonly PluginAnswer[] } | { refusal: HostError };

/** `StreamSignalsResponse`: id, a SignalAnswer for each signal, request_id. */
export function encodeStreamResponse(id: bigint, signals: readonly StreamAnswer[], requestId: Uint8Array): Buffer {
  const parts = signals.map(measureSignalAnswer);
  const idSize = id === 0n ? 0 : 1 + sizeUint64(id);
  const size = idSize + parts.reduce((sum, part) => sum + sizeField(part.size), 0) + sizeBytes(requestId);
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  if (id !== 0n) {
    out[at++] = TAG.id;
    at = writeUint64(id, out, at);
  }
  for (const part of parts) {
    out[at++] = TAG.second;
    at = writeUint32(part.size, out, at);
    at = part.write(out, at);
  }
  at = writeBytes(TAG.third, requestId, out, at);
  return out;
}

interface Measured {
  size: number;
  write(out: Uint8Array, at: number): number;
}

function measureSignalAnswer(answer: StreamAnswer): Measured {
  if ('answers' in answer) {
    const results = answer.answers.map(measure);
    const size = results.reduce((sum, result) => sum + sizeField(result.size), 0);
    return { size, write: (out, at) => writeResults(results, out, at) };
  }
  const { refusal } = answer;
  const message = {
    code: StatusCode[refusal.status],
    reason: encoder.encode(refusal.reason),
    message: encoder.encode(refusal.message),
    retryAfterMs: refusal.retryAfterMs ?? 0,
  };
  const inner = sizeRefusal(message);
  return {
    size: sizeField(inner),
    write(out, at) {
      out[at++] = TAG.second;
      return writeRefusal(message, out, writeUint32(inner, out, at));
    },
  };
}

interface MeasuredResult {
  answer: PluginAnswer;
  reference: Uint8Array;
  cost: Cost;
  costSize: number;
  size: number;
}

function measure(answer: PluginAnswer): MeasuredResult {
  const { outcome, queueTimeUs, calledFuel } = answer;
  const cost: Cost = {
    fuel: outcome.fuel,
    guestTimeUs: outcome.guestTimeUs,
    queueTimeUs,
    memoryBytes: outcome.memoryBytes,
    memoryGrowthBytes: outcome.memoryGrowthBytes,
    fuelVersion: outcome.fuel === undefined ? 0 : FUEL_VERSION,
    calledFuel,
  };
  const reference = referenceField(answer.plugin);
  const costSize = sizeCost(cost);
  const limitSize = outcome.limit === 'none' ? 0 : 2;
  return {
    answer,
    reference,
    cost,
    costSize,
    size: reference.length + 2 + limitSize + outcome.body.length + sizeField(costSize),
  };
}

function writeResults(results: readonly MeasuredResult[], out: Uint8Array, start: number): number {
  let at = start;
  for (const { answer, reference, cost, costSize, size } of results) {
    const { outcome } = answer;
    out[at++] = TAG.first;
    at = writeUint32(size, out, at);
    out.set(reference, at);
    at += reference.length;
    out[at++] = TAG.outcome;
    out[at++] = OUTCOME[outcome.type];
    if (outcome.limit !== 'none') {
      out[at++] = TAG.limit;
      out[at++] = LIMIT[outcome.limit];
    }
    out.set(outcome.body, at);
    at += outcome.body.length;
    out[at++] = TAG.cost;
    at = writeCost(cost, out, writeUint32(costSize, out, at));
  }
  return at;
}

/** The field `plugin` of a result, the same in every answer of that plugin. */
function referenceField(plugin: ActivePlugin): Uint8Array {
  const known = references.get(plugin);
  if (known !== undefined) return known;
  const { id, name, version } = plugin.ref;
  const ref = { id: encoder.encode(id), name: encoder.encode(name), version: encoder.encode(version) };
  const size = sizePluginRef(ref);
  const field = new Uint8Array(sizeField(size));
  field[0] = TAG.plugin;
  writePluginRef(ref, field, writeUint32(size, field, 1));
  references.set(plugin, field);
  return field;
}

/** Size of a length-delimited field with a one-byte tag. */
function sizeField(size: number): number {
  return 1 + sizeBlock(size);
}

function sizeBytes(bytes: Uint8Array): number {
  return bytes.length === 0 ? 0 : sizeField(bytes.length);
}

function writeBytes(tag: number, bytes: Uint8Array, out: Uint8Array, at: number): number {
  if (bytes.length === 0) return at;
  out[at] = tag;
  return writeBlock(bytes, out, at + 1);
}
