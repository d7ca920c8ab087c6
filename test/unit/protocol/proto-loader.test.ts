import type * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, test } from 'vitest';
import {
  decodePluginResult,
  decodeProcessSignalRequest,
  decodeSignal,
  sizeSignal,
  writeSignal,
} from '../../../src/protocol/codec.js';
import { encodeOurs } from './messages.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("proto-loader's serialisers", () => {
  const definition = loadSync('hal9/plugin/v1/execution.proto', {
    includeDirs: ['proto'],
    longs: String,
    enums: String,
  });
  const service = definition['hal9.plugin.v1.PluginExecution'] as grpc.ServiceDefinition;

  test('write requests that the codec reads, and read responses that it writes', () => {
    const request = {
      signal: { id: '1', layer: 'L2', content: 'grüße', metadata: { a: '"ß"' }, timestampMs: '1760000000000' },
    };
    const bytes = (service['ProcessSignal'] as grpc.MethodDefinition<object, object>).requestSerialize(request);
    const signal = decodeSignal(decodeProcessSignalRequest(bytes).signal as Uint8Array);
    expect([signal.layer, signal.timestampMs]).toEqual([2, 1_760_000_000_000n]);
    const out = new Uint8Array(sizeSignal(signal));
    writeSignal(signal, out, 0);
    const result = encodeOurs('PluginResult', {
      ...decodePluginResult(new Uint8Array(0)),
      outcome: 1,
      signals: [signal],
    });
    const response = encodeOurs('ProcessSignalResponse', { results: [result], requestId: bytesOf('r1') });
    const read = (service['ProcessSignal'] as grpc.MethodDefinition<object, object>).responseDeserialize(
      Buffer.from(response),
    );
    expect(read).toMatchObject({
      results: [{ outcome: 'OK', signals: [{ id: '1', layer: 'L2', content: 'grüße' }] }],
      requestId: 'r1',
    });
  });
});
