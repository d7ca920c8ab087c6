import { join } from 'node:path';
import type { MethodDefinition, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';

/** `proto/` of the package, seen from `dist/src/rpc/`. */
const PROTO_DIR = join(import.meta.dirname, '../../../proto');

/**
 * The public contract as the server decodes it: camelCase, 64-bit integers and enums as text, every field present, and
 * the name of the set field beside each `oneof`.
 */
export const definitions: PackageDefinition = loadSync(
  ['execution', 'management', 'memory', 'keys']
    .map((name) => `hal9/plugin/v1/${name}.proto`)
    .concat('google/rpc/status.proto'),
  { includeDirs: [PROTO_DIR], longs: String, enums: String, defaults: true, oneofs: true },
);

export const EXECUTION_SERVICE = 'hal9.plugin.v1.PluginExecution';
export const MANAGEMENT_SERVICE = 'hal9.plugin.v1.PluginManagement';
export const MEMORY_SERVICE = 'hal9.plugin.v1.MemoryInspection';
export const KEY_SERVICE = 'hal9.plugin.v1.KeyManagement';

export const executionDefinition = definitions[EXECUTION_SERVICE] as ServiceDefinition;
export const managementDefinition = definitions[MANAGEMENT_SERVICE] as ServiceDefinition;
export const keysDefinition = definitions[KEY_SERVICE] as ServiceDefinition;
export const memoryDefinition = definitions[MEMORY_SERVICE] as ServiceDefinition;

/** A service, and what carries it out. */
export interface ServiceBinding {
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
}

type Message = MessageTypeDefinition<object, object>;

/** A message type of the contract, by its full name. */
export const messageType = (name: string): Message => definitions[name] as Message;

const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * The same service with messages as the bytes that are on the wire, both ways: for the methods whose requests are
 * decoded, and whose answers are encoded, in a worker.
 *
 * @param methods Names such as `ProcessSignal`; the others stay as they are.
 */
export function withRawMessages(definition: ServiceDefinition, methods: readonly string[]): ServiceDefinition {
  const raw: Record<string, MethodDefinition<unknown, unknown>> = {};
  for (const [name, method] of Object.entries(definition)) {
    raw[name] = methods.includes(name)
      ? { ...method, requestDeserialize: asIs, responseSerialize: asIs as (value: unknown) => Buffer }
      : method;
  }
  return raw;
}
