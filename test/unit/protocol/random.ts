import protobuf from 'protobufjs';
import type { Fields } from './messages.js';

/** Numbers that are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) % bound) >>> 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const LETTERS = ['a', 'Z', '"', '\\', '\0', '\n', 'é', 'ß', '中', '\u{feff}', '\u{ffff}', '😀', '\u{10ffff}'];
const LENGTHS = [0, 1, 2, 11, 12, 13, 23, 24, 25, 127, 128, 129, 300];
const LONG = 17_000;

function randomText(random: Random): string {
  const length = random.below(200) === 0 ? LONG : random.pick(LENGTHS);
  const letters = random.below(2) === 0 ? ['x'] : LETTERS;
  let text = '';
  for (let i = 0; i < length; i++) text += random.pick(letters);
  return text;
}

const UINT32 = [
  0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455, 268_435_456, 2_147_483_648, 4_294_967_295,
];
const SAFE = [...UINT32.map(BigInt), 2n ** 32n, 2n ** 35n - 1n, 2n ** 35n, 2n ** 42n, 2n ** 49n, 2n ** 53n - 1n];
const UINT64 = [...SAFE, 2n ** 53n, 2n ** 56n - 1n, 2n ** 56n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
/** uint64 fields of the contract that may pass 2^53. */
const WIDE = new Set(['timestampMs', 'id']);

/** A message of the type for protobufjs to encode: fields missing, empty, small, large, at every boundary. */
export function randomMessage(random: Random, type: protobuf.Type): Fields {
  const message: Fields = {};
  for (const field of type.fieldsArray) {
    if (random.below(4) === 0) continue;
    if (field.map) {
      const entries = Array.from({ length: random.below(14) }, () => [randomText(random), randomText(random)]);
      message[field.name] = Object.fromEntries(entries);
    } else if (field.repeated) {
      message[field.name] = Array.from({ length: random.below(4) }, () => randomValue(random, field));
    } else message[field.name] = randomValue(random, field);
  }
  return message;
}

function randomValue(random: Random, field: protobuf.Field): unknown {
  if (field.resolvedType instanceof protobuf.Type) return randomMessage(random, field.resolvedType);
  if (field.resolvedType instanceof protobuf.Enum) return random.pick([0, 1, 2, 9, 200, -1, -2_147_483_648]);
  if (field.type === 'string') return randomText(random);
  if (field.type === 'uint32') return random.pick(UINT32);
  if (field.type === 'uint64') {
    const value = random.pick(WIDE.has(field.name) ? UINT64 : SAFE);
    return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: true };
  }
  throw new Error(`no random ${field.type}`);
}
