import { join } from 'node:path';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';

/** `proto/` of the package, seen from `dist/src/client/`. */
const PROTO_DIR = join(import.meta.dirname, '../../../proto');

/** The public contract in proto3 JSON form, every field without presence printed. */
const definitions = loadSync(
  ['execution', 'management', 'memory', 'keys']
    .map((name) => `hal9/plugin/v1/${name}.proto`)
    .concat('google/rpc/status.proto'),
  { includeDirs: [PROTO_DIR], longs: String, enums: String, bytes: String, defaults: true },
);

export const executionDefinition = definitions['hal9.plugin.v1.PluginExecution'] as ServiceDefinition;
export const managementDefinition = definitions['hal9.plugin.v1.PluginManagement'] as ServiceDefinition;
export const keysDefinition = definitions['hal9.plugin.v1.KeyManagement'] as ServiceDefinition;
export const memoryDefinition = definitions['hal9.plugin.v1.MemoryInspection'] as ServiceDefinition;

const message = (name: string): MessageTypeDefinition<object, object> =>
  definitions[name] as MessageTypeDefinition<object, object>;

export const rpcStatus = message('google.rpc.Status');
export const errorInfo = message('google.rpc.ErrorInfo');
export const retryInfo = message('google.rpc.RetryInfo');
