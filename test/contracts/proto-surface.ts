import protobuf from 'protobufjs';
import type { Surface } from './surface.js';

/**
 * What a proto package promises: messages, fields by number, enum values, methods. Names of fields and values count as
 * well: they are the keys of the JSON form. Comments and the order of declarations do not.
 */
export function protoSurface(root: protobuf.Root, packageName: string): Surface {
  const version = /\.(v\d+\w*)$/.exec(packageName)?.[1];
  if (version === undefined) throw new Error(`package ${packageName} has no version, for instance ${packageName}.v1`);
  const namespace = root.resolveAll().lookup(packageName, [protobuf.Namespace]);
  if (!(namespace instanceof protobuf.Namespace)) throw new Error(`no package ${packageName}`);
  const entries: Record<string, string> = {};
  collect(namespace, packageName.length + 1, entries);
  return { name: packageName.slice(0, -version.length - 1), version, entries: sortKeys(entries), closed: [] };
}

function collect(namespace: protobuf.NamespaceBase, prefix: number, entries: Record<string, string>): void {
  for (const item of namespace.nestedArray) {
    const name = item.fullName.slice(1 + prefix);
    if (item instanceof protobuf.Type) {
      entries[`${name}`] = 'message';
      for (const field of item.fieldsArray) entries[`${name} field ${field.id}`] = describeField(field);
      collect(item, prefix, entries);
    } else if (item instanceof protobuf.Enum) {
      entries[name] = 'enum';
      for (const [value, number] of Object.entries(item.values)) entries[`${name} value ${number}`] = value;
    } else if (item instanceof protobuf.Service) {
      entries[name] = 'service';
      for (const method of item.methodsArray) entries[`${name} method ${method.name}`] = describeMethod(method);
    } else if (item instanceof protobuf.Namespace) collect(item, prefix, entries);
  }
}

function describeField(field: protobuf.Field): string {
  const type = field.resolvedType === null ? field.type : field.resolvedType.fullName.slice(1);
  const optional = field.options?.['proto3_optional'] === true;
  const oneof = field.partOf !== null && !optional ? `oneof ${field.partOf.name}: ` : '';
  if (field instanceof protobuf.MapField) return `map<${field.keyType}, ${type}> ${field.name}`;
  return `${oneof}${field.repeated ? 'repeated ' : optional ? 'optional ' : ''}${type} ${field.name}`;
}

function describeMethod(method: protobuf.Method): string {
  const request = `${method.requestStream === true ? 'stream ' : ''}${method.resolvedRequestType?.fullName.slice(1)}`;
  const response = `${method.responseStream === true ? 'stream ' : ''}${method.resolvedResponseType?.fullName.slice(1)}`;
  return `(${request}) returns (${response})`;
}

const sortKeys = (entries: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })));
