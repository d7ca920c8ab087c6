/**
 * What the server is measured against: the least that a typed grpc-js server can do with the same messages. It decodes and
 * encodes as everybody does, with proto-loader, and answers each signal with itself, in the same thread.
 */
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface Request {
  id: unknown;
  signal: object;
  signals: readonly object[];
  requestId: string;
}

const definition = loadSync('hal9/plugin/v1/execution.proto', { includeDirs: ['proto'] });
const service = definition['hal9.plugin.v1.PluginExecution'] as ServiceDefinition;
const plugin = { id: '0e0c3a52-7d1f-4b8e-9a36-5f2d8c41b7e0', name: 'echo', version: '0.1.0' };

const resultOf = (signal: object): object => ({
  plugin,
  outcome: 'OK',
  signals: [signal],
  cost: { guestTimeUs: 7, queueTimeUs: 11, memoryBytes: 1_114_112, memoryGrowthBytes: 0 },
});

const processSignal: handleUnaryCall<Request, object> = ({ request }, reply) => {
  reply(null, { results: [resultOf(request.signal)], requestId: request.requestId });
};

const streamSignals: handleBidiStreamingCall<Request, object> = (stream) => {
  stream.on('data', ({ id, signals, requestId }: Request) => {
    const answers = signals.map((signal) => ({ results: [resultOf(signal)] }));
    if (stream.write({ id, answers, requestId })) return;
    stream.pause();
    stream.once('drain', () => stream.resume());
  });
  stream.on('end', () => stream.end());
};

const server = new Server({ 'grpc.max_concurrent_streams': 1_024, 'grpc.enable_channelz': 0 });
server.addService(service, { ProcessSignal: processSignal, StreamSignals: streamSignals });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.({ address: `127.0.0.1:${port}` });
});
process.on('disconnect', () => process.exit());
