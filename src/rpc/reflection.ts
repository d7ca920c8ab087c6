import type { Server, ServiceDefinition } from '@grpc/grpc-js';
import type { AnyDefinition, PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { definitions } from './definitions.js';

/** Adds `grpc.reflection.v1` and `v1alpha`, which describe our services and those given. */
export function addReflection(server: Pick<Server, 'addService'>, others: readonly ServiceDefinition[]): void {
  const described: PackageDefinition = { ...definitions };
  for (const other of others) {
    for (const { path, ...method } of Object.values(other)) {
      // The description hangs at the message types; which key they have does not matter.
      described[path] = (method as unknown as { requestType: AnyDefinition }).requestType;
    }
  }
  new ReflectionService(described).addToServer(server);
}
