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

/** What has a meaning of its own in JSON, YAML or both. */
const TOKENS = [
  ...['{', '}', '[', ']', ',', ':', ': ', '"', "'", '\\', '\n', '\n  ', '\t', '- ', '#', '|', '>', '? ', '%'],
  ...['&a ', '*a', '<<: *a', '!!binary ', '!!js/function ', '!<x> ', '---\n', '...\n', '\ufeff', '\u2028', '\0'],
  ...['null', '~', 'true', 'yes', '.inf', '0x7f', '1e999', '2001-01-01', '__proto__: 1', '"__proto__": {}', '\ud800'],
];

/** A text with tokens put in, and lines moved, doubled or dropped. */
export function mutateText(text: string, random: Random): string {
  let mutated = text;
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    const at = random.below(mutated.length + 1);
    const lines = mutated.split('\n');
    const edit = random.below(4);
    if (edit === 0) mutated = mutated.slice(0, at) + random.pick(TOKENS) + mutated.slice(at + random.below(3));
    else if (edit === 1) lines.splice(random.below(lines.length), 0, lines[random.below(lines.length)] ?? '');
    else if (edit === 2) lines.splice(random.below(lines.length), 1);
    else mutated = mutated.slice(0, at) + random.pick(TOKENS).repeat(1 + random.below(200)) + mutated.slice(at);
    if (edit === 1 || edit === 2) mutated = lines.join('\n');
  }
  return mutated;
}

/** Headers of a ZIP file by their signature, each with where its fields of two and of four bytes are (APPNOTE 4.3). */
const ZIP_HEADERS: readonly { signature: string; shorts: readonly number[]; longs: readonly number[] }[] = [
  { signature: 'PK\x03\x04', shorts: [4, 6, 8, 10, 12, 26, 28], longs: [14, 18, 22] },
  { signature: 'PK\x01\x02', shorts: [4, 6, 8, 10, 12, 14, 28, 30, 32, 34, 36], longs: [16, 20, 24, 38, 42] },
  { signature: 'PK\x05\x06', shorts: [4, 6, 8, 10, 20], longs: [12, 16] },
];

/** A ZIP file in which some fields of some headers say something else. */
export function mutateZip(zip: Uint8Array, random: Random): Buffer {
  const mutated = Buffer.from(zip);
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    const { signature, shorts, longs } = random.pick(ZIP_HEADERS);
    const places: number[] = [];
    for (let at = mutated.indexOf(signature, 0, 'latin1'); at >= 0; at = mutated.indexOf(signature, at + 4, 'latin1'))
      places.push(at);
    const at = random.pick(places);
    const short = random.once(2);
    const field = (at ?? 0) + random.pick(short ? shorts : longs);
    if (at === undefined || field + 4 > mutated.length) continue;
    const now = short ? mutated.readUInt16LE(field) : mutated.readUInt32LE(field);
    const most = short ? 0xffff : 0xffff_ffff;
    const values = [
      0,
      1,
      8,
      most,
      most - 1,
      now + 1,
      now - 1,
      now ^ (1 << random.below(short ? 16 : 31)),
      random.next(),
    ];
    const value = (random.pick(values) & most) >>> 0;
    if (short) mutated.writeUInt16LE(value, field);
    else mutated.writeUInt32LE(value, field);
  }
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
