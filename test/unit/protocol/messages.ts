import protobuf from 'protobufjs';
import * as codec from '../../../src/protocol/codec.js';
import type { WireEntry } from '../../../src/protocol/wire.js';

// The contract as protobufjs reads it: the oracle that the codec is held against.
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => `proto/${target}`;
root.loadSync('hal9/plugin/v1/execution.proto').resolveAll();

export type Fields = Record<string, unknown>;

interface Codec {
  decode(bytes: Uint8Array, start?: number, end?: number): Fields;
  size(message: Fields): number;
  write(message: Fields, out: Uint8Array, offset: number): number;
}

/** Every message that has a codec, by name. */
export const CODECS: Record<string, Codec> = Object.fromEntries(
  Object.keys(codec)
    .filter((name) => name.startsWith('decode'))
    .map((name) => {
      const message = name.slice('decode'.length);
      const functions = codec as unknown as Record<string, unknown>;
      return [
        message,
        { decode: functions[name], size: functions[`size${message}`], write: functions[`write${message}`] } as Codec,
      ];
    }),
);

export function messageType(name: string): protobuf.Type {
  return root.lookupType(`hal9.plugin.v1.${name}`);
}

export function encodeOurs(name: string, message: Fields): Uint8Array {
  const { size, write } = CODECS[name] as Codec;
  const out = new Uint8Array(size(message) + 2).fill(0xee);
  const end = write(message, out, 1);
  if (end !== out.length - 1) throw new Error(`size${name} said ${out.length - 2}, write${name} wrote ${end - 1}`);
  if (out[0] !== 0xee || out[end] !== 0xee) throw new Error(`write${name} wrote beside its message`);
  return out.subarray(1, end);
}

/** What protobufjs finds in the bytes: strings, numbers, 64-bit numbers as bigint, maps as Map. */
export function readTheirs(name: string, bytes: Uint8Array): Fields {
  const type = messageType(name);
  return fromTheirs(type, type.decode(bytes) as unknown as Fields);
}

function fromTheirs(type: protobuf.Type, message: Fields): Fields {
  const found: Fields = {};
  for (const field of type.fieldsArray) {
    const present = Object.hasOwn(message, field.name);
    const value = message[field.name];
    const one = (v: unknown): unknown => {
      if (field.resolvedType instanceof protobuf.Type) return fromTheirs(field.resolvedType, v as Fields);
      return field.type === 'uint64' ? BigInt(String(v)) : v;
    };
    if (field.map) found[field.name] = new Map(Object.entries((value ?? {}) as Fields));
    else if (field.repeated) found[field.name] = ((value ?? []) as unknown[]).map(one);
    else if (field.resolvedType instanceof protobuf.Type || field.options?.['proto3_optional'] === true) {
      found[field.name] = present && value !== null && value !== undefined ? one(value) : undefined;
    } else found[field.name] = one(value);
  }
  return found;
}

/** What the codec finds in the bytes, in the same form. Messages that it keeps encoded are decoded by itself. */
export function readOurs(name: string, bytes: Uint8Array): Fields {
  return fromOurs(messageType(name), (CODECS[name] as Codec).decode(bytes));
}

function fromOurs(type: protobuf.Type, message: Fields): Fields {
  const found: Fields = {};
  for (const field of type.fieldsArray) {
    const value = message[field.name];
    if (field.map) found[field.name] = new Map((value as WireEntry[]).map(([key, v]) => [text(key), text(v)]));
    else if (field.repeated) found[field.name] = (value as unknown[]).map((v) => oneOfOurs(field, v));
    else found[field.name] = value === undefined ? undefined : oneOfOurs(field, value);
  }
  return found;
}

function oneOfOurs(field: protobuf.Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type) {
    if (value instanceof Uint8Array) return readOurs(field.resolvedType.name, value);
    return fromOurs(field.resolvedType, value as Fields);
  }
  if (field.type === 'string') return text(value as Uint8Array);
  return field.type === 'uint64' ? BigInt(value as number | bigint) : value;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
