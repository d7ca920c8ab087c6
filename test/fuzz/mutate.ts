/** Changes inputs a little, so that they get past the first check more often than noise would. */

import type { Random } from './random.js';

/** Numbers that break arithmetic: limits of widths, and their neighbours, as LEB128. */
const LEB_BOUNDARIES: readonly (readonly number[])[] = [
  [0x00],
  [0x01],
  [0x7f],
  [0x80, 0x01],
  [0xff, 0xff, 0x03],
  [0x80, 0x80, 0x04],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0x80, 0x80, 0x80, 0x80, 0x08],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x1f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
];

type Edit = (bytes: Buffer, random: Random) => Buffer;

const EDITS: readonly Edit[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[random.below(copy.length)] = random.below(256);
    return copy;
  },
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const index = random.below(copy.length);
    if (copy.length > 0) copy[index] = (copy[index] as number) ^ (1 << random.below(8));
    return copy;
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => splice(bytes, random.below(bytes.length + 1), random.below(9), Buffer.alloc(0)),
  (bytes, random) =>
    splice(
      bytes,
      random.below(bytes.length + 1),
      0,
      Buffer.from(Array.from({ length: random.below(9) }, () => random.below(256))),
    ),
  (bytes, random) => splice(bytes, random.below(bytes.length + 1), 1, Buffer.from(random.pick(LEB_BOUNDARIES))),
  (bytes, random) => {
    const start = random.below(bytes.length);
    return splice(bytes, random.below(bytes.length + 1), 0, bytes.subarray(start, start + random.below(64)));
  },
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length >= 4)
      copy.writeUInt32LE(
        random.pick([0, 1, 0xffff, 0x7fff_ffff, 0xffff_ffff, copy.length]),
        random.below(copy.length - 3),
      );
    return copy;
  },
];

/** Between one and eight edits. */
export function mutateBytes(bytes: Uint8Array, random: Random): Buffer {
  let mutated = Buffer.from(bytes);
  for (let edits = 1 + random.below(random.once(4) ? 8 : 2); edits > 0; edits--)
    mutated = Buffer.from(random.pick(EDITS)(mutated, random));
  return mutated;
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  '',
  '..',
  '/',
  '\\',
  '__proto__',
  'constructor',
  '\u0000',
  '\ud800',
  'L1',
  '1.0.0',
  'x'.repeat(5_000),
  [],
  {},
  [[]],
  { type: 'ToolProvider' },
  'NetworkHttp',
  { FileRead: '/' },
  '*',
  'plugin.wasm',
];

/** A JSON value of which one part, or a few, became something else. */
export function mutateJson(value: unknown, random: Random): unknown {
  const copy = structuredClone(value);
  const holder = { root: copy };
  for (let edits = 1 + random.below(3); edits > 0; edits--) editOnce(holder, random);
  return holder.root;
}

function editOnce(holder: Record<string, unknown>, random: Random): void {
  let target: Record<string, unknown> = holder;
  for (;;) {
    const keys = Object.keys(target);
    const key = random.pick(keys) ?? 'added';
    const value = target[key];
    if (typeof value === 'object' && value !== null && !random.once(6)) {
      target = value as Record<string, unknown>;
      continue;
    }
    // A copy: what is put in may be edited next.
    const strange = structuredClone(random.pick(STRANGE));
    const edit = random.below(6);
    if (edit === 0) delete target[key];
    else if (edit === 1) target[String(random.pick(STRANGE))] = strange;
    else if (edit === 2 && Array.isArray(target)) target.push(...(target.slice(0, 4) as unknown[]));
    else target[key] = strange;
    return;
  }
}

function splice(bytes: Buffer, start: number, remove: number, insert: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + remove)]);
}
