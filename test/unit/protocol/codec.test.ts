import { describe, expect, test } from 'vitest';
import {
  decodePluginResult,
  decodeProcessSignalRequest,
  decodeSignal,
  decodeSignalAnswer,
  emptyCost,
  peekSignalLayer,
  sizeCost,
} from '../../../src/protocol/codec.js';
import { sizeUint64, WireError } from '../../../src/protocol/wire.js';
import { CODECS, encodeOurs, type Fields, messageType, readOurs, readTheirs } from './messages.js';
import { Random, randomMessage } from './random.js';

const NAMES = Object.keys(CODECS);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const field = (tag: number, content: Uint8Array | string): Uint8Array => {
  const bytes = typeof content === 'string' ? bytesOf(content) : content;
  return Uint8Array.from([tag, bytes.length, ...bytes]);
};
const join = (...parts: (Uint8Array | number[])[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

function samples(name: string, count: number, seed: number): Uint8Array[] {
  const random = new Random(seed);
  const type = messageType(name);
  return Array.from({ length: count }, () => type.encode(randomMessage(random, type)).finish());
}

/** The layer, or that the reader refused. */
function attempt<T>(read: () => T): T | 'refused' {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return 'refused';
  }
}

describe('the codec covers', () => {
  test('every message on the way of a call', () => {
    expect(NAMES.sort()).toEqual(
      [
        ...['Cost', 'InvokeToolRequest', 'InvokeToolResponse', 'PluginError', 'PluginRef', 'PluginResult'],
        ...['ProcessSignalRequest', 'ProcessSignalResponse', 'Refusal', 'Signal', 'SignalAnswer'],
        ...['StreamSignalsRequest', 'StreamSignalsResponse'],
      ].sort(),
    );
  });
});

describe.each(NAMES)('%s', (name) => {
  test('decodes what protobufjs encodes', () => {
    for (const bytes of samples(name, 150, 1)) expect(readOurs(name, bytes)).toEqual(readTheirs(name, bytes));
  });

  test('encodes what protobufjs decodes', () => {
    for (const bytes of samples(name, 150, 2)) {
      const ours = encodeOurs(name, CODECS[name]?.decode(bytes) as Fields);
      expect(readTheirs(name, ours)).toEqual(readTheirs(name, bytes));
    }
  });

  test('writes nothing for defaults', () => {
    expect(encodeOurs(name, CODECS[name]?.decode(new Uint8Array(0)) as Fields)).toHaveLength(0);
  });

  test('reads a range of a larger buffer, as views into it', () => {
    for (const bytes of samples(name, 10, 3)) {
      const larger = Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(5, 0xff)]);
      const message = CODECS[name]?.decode(larger, 5, 5 + bytes.length) as Fields;
      expect(message).toEqual(CODECS[name]?.decode(bytes));
      for (const value of Object.values(message)) {
        if (value instanceof Uint8Array && value.length > 0) expect(value.buffer).toBe(larger.buffer);
      }
    }
  });

  test('passes over unknown fields of every wire type', () => {
    const unknown = [
      [0xa0, 0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      [0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],
      [0xa2, 0x06, 3, 0xff, 0xfe, 0xfd],
      [0xa5, 0x06, 1, 2, 3, 4],
      [0xf8, 0xff, 0xff, 0xff, 0x0f, 7],
    ];
    for (const bytes of samples(name, 5, 4)) {
      for (const extra of unknown) {
        expect(readOurs(name, join(extra, bytes))).toEqual(readTheirs(name, bytes));
        expect(readOurs(name, join(bytes, extra))).toEqual(readTheirs(name, bytes));
      }
    }
  });

  test('passes over its own fields when they have another wire type', () => {
    for (const { id } of messageType(name).fieldsArray) {
      const fixed = [(id << 3) | 5, 1, 2, 3, 4, (id << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8];
      expect(CODECS[name]?.decode(Uint8Array.from(fixed))).toEqual(CODECS[name]?.decode(new Uint8Array(0)));
    }
  });

  test('throws WireError, and nothing else, for a message cut off at any byte', () => {
    for (const bytes of samples(name, 12, 5).filter((b) => b.length < 2_000)) {
      for (let end = 0; end < bytes.length; end++) attempt(() => CODECS[name]?.decode(bytes, 0, end));
    }
  });

  test('throws WireError, and nothing else, for changed and random bytes', () => {
    const random = new Random(6);
    for (const bytes of samples(name, 60, 7).filter((b) => b.length > 0 && b.length < 2_000)) {
      for (let i = 0; i < 20; i++) {
        const changed = Uint8Array.from(bytes);
        changed[random.below(bytes.length)] = random.below(256);
        attempt(() => readOurs(name, changed));
      }
    }
    for (let i = 0; i < 500; i++) {
      const noise = Uint8Array.from({ length: random.below(24) }, () => random.below(256));
      attempt(() => readOurs(name, noise));
    }
  });
});

describe('decodeSignal', () => {
  test.each([
    ['a field number 0', [0x02, 0x00]],
    ['a group', [0x0b, 0x0c]],
    ['the end of a group', [0x0c]],
    ['wire type 6', [0x0e]],
    ['wire type 7', [0x0f]],
    ['a tag of more than 32 bits', [0x88, 0x80, 0x80, 0x80, 0x10, 0]],
    ['a tag of six bytes', [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0]],
    ['a varint of eleven bytes', [0x38, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['a varint that does not end', [0x38, 0x80, 0x80]],
    ['a length beyond the message', [0x0a, 0x02, 0x61]],
    ['a length of 2^32', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['a length of 2^64 - 1', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a short string that is not UTF-8', [0x0a, 1, 0xff]],
    ['a surrogate', [0x0a, 3, 0xed, 0xa0, 0x80]],
    ['an overlong NUL', [0x0a, 2, 0xc0, 0x80]],
    ['a long string that is not UTF-8', [0x0a, 100, ...new Array(99).fill(0x61), 0xc3]],
    ['a metadata entry that ends beyond itself', [0x32, 2, 0x0a, 1, 0x38, 0x01]],
    ['a metadata key that is not UTF-8', [0x32, 3, 0x0a, 1, 0x80]],
  ])('refuses %s', (_what, bytes) => {
    expect(() => decodeSignal(Uint8Array.from(bytes))).toThrow(WireError);
  });

  test('takes the last value of a field, wherever it stands', () => {
    const bytes = join(field(0x2a, 'old'), [0x18, 1], field(0x0a, 'id'), [0x18, 9], field(0x2a, 'new'));
    const signal = decodeSignal(bytes);
    expect([signal.layer, Buffer.from(signal.content).toString(), Buffer.from(signal.id).toString()]).toEqual([
      9,
      'new',
      'id',
    ]);
  });

  test('takes numbers written longer than needed', () => {
    expect(decodeSignal(Uint8Array.from([0x98, 0x80, 0x00, 0x82, 0x80, 0x80, 0x00])).layer).toBe(2);
  });

  test.each([3, 40])('keeps each of %i metadata keys once, last value, first place', (count) => {
    const keys = Array.from({ length: count }, (_, i) => (i === 0 ? '' : `\u{feff}key${i}`));
    const entry = (key: string, value: string): Uint8Array => field(0x32, join(field(0x0a, key), field(0x12, value)));
    const bytes = join(...keys.map((key) => entry(key, 'old')), ...keys.toReversed().map((key) => entry(key, key)));
    const found = decodeSignal(bytes).metadata.map((pair) => pair.map((part) => Buffer.from(part).toString('utf8')));
    expect(found).toEqual(keys.map((key) => [key, key]));
  });

  test('takes metadata entries without key or value, with fields in any order, repeated and unknown', () => {
    const bytes = join(
      [0x32, 0],
      field(0x32, join(field(0x12, 'v'), field(0x1a, '?'), field(0x0a, 'j'), field(0x0a, 'k'))),
    );
    const found = decodeSignal(bytes).metadata.map((pair) => pair.map((part) => Buffer.from(part).toString()));
    expect(found).toEqual([
      ['', ''],
      ['k', 'v'],
    ]);
  });

  test('reads a million equal metadata entries in linear time', () => {
    const bytes = new Uint8Array(2_000_000);
    for (let i = 0; i < bytes.length; i += 2) bytes[i] = 0x32;
    expect(decodeSignal(bytes).metadata).toHaveLength(1);
  });

  test('refuses a range outside the bytes', () => {
    expect(() => decodeSignal(new Uint8Array(4), 2, 5)).toThrow(RangeError);
    expect(() => decodeSignal(new Uint8Array(4), 3, 2)).toThrow(RangeError);
  });
});

describe('peekSignalLayer', () => {
  test('agrees with decodeSignal on valid messages', () => {
    for (const bytes of samples('Signal', 300, 8)) expect(peekSignalLayer(bytes)).toBe(decodeSignal(bytes).layer);
  });

  test('agrees with decodeSignal on changed and random bytes: the same layer, and refuses only what it refuses', () => {
    const random = new Random(9);
    const origins = samples('Signal', 200, 10).filter((b) => b.length > 0 && b.length < 500);
    let equal = 0;
    for (let i = 0; i < 20_000; i++) {
      const noise = Array.from({ length: 1 + random.below(12) }, () =>
        random.pick([0x18, 0x0a, 0x08, 1, 2, 0x80, 0x32]),
      );
      const bytes = Uint8Array.from(random.below(2) === 0 ? random.pick(origins) : noise);
      bytes[random.below(bytes.length)] = random.below(256);
      const peeked = attempt(() => peekSignalLayer(bytes));
      const decoded = attempt(() => decodeSignal(bytes).layer);
      if (decoded === 'refused') continue;
      expect(peeked).toBe(decoded);
      equal++;
    }
    expect(equal).toBeGreaterThan(1_000);
  });
});

describe('messages inside messages', () => {
  const signalA = join(field(0x0a, 'a'), [0x18, 1], field(0x32, join(field(0x0a, 'k'), field(0x12, '1'))));
  const signalB = join([0x18, 2], field(0x2a, 'text'), field(0x32, join(field(0x0a, 'k'), field(0x12, '2'))));

  test('stay encoded, and parts of one are joined, which merges them', () => {
    const request = decodeProcessSignalRequest(join(field(0x0a, signalA), field(0x22, 'r'), field(0x0a, signalB)));
    expect(request.signal).toEqual(join(signalA, signalB));
    const signal = decodeSignal(request.signal as Uint8Array);
    expect([signal.layer, signal.metadata.length, Buffer.from(signal.id).toString()]).toEqual([2, 1, 'a']);
    expect(Buffer.from(signal.metadata[0]?.[1] ?? []).toString()).toBe('2');
  });

  test('are undefined when they are absent, and empty when they are empty', () => {
    expect(decodeProcessSignalRequest(new Uint8Array(0)).signal).toBeUndefined();
    expect(decodeProcessSignalRequest(Uint8Array.from([0x0a, 0])).signal).toHaveLength(0);
  });

  test('that are decoded are merged, field by field', () => {
    const cost = decodePluginResult(
      join(field(0x3a, Uint8Array.from([0x10, 5, 0x18, 6])), field(0x3a, Uint8Array.from([0x18, 7]))),
    ).cost;
    expect(cost).toEqual({ ...emptyCost(), guestTimeUs: 5, queueTimeUs: 7 });
    const { refusal } = decodeSignalAnswer(join(field(0x12, field(0x12, 'WHY')), [0x12, 0]));
    expect(Buffer.from(refusal?.reason ?? []).toString()).toBe('WHY');
  });

  test('end where their length says, even when the outer message goes on', () => {
    expect(() => decodePluginResult(Uint8Array.from([0x3a, 1, 0x10, 5, 5, 5]))).toThrow(WireError);
  });

  test('a million parts of one byte are joined in linear time', () => {
    const bytes = new Uint8Array(3_000_000);
    for (let i = 0; i < bytes.length; i += 3) bytes.set([0x0a, 1, 0x18], i);
    expect(decodeProcessSignalRequest(bytes).signal).toHaveLength(1_000_000);
  });
});

describe('numbers', () => {
  test('of 2^53 and more are refused where the field counts what the host counts', () => {
    const bytes = Uint8Array.from([0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]);
    expect(() => readOurs('Cost', bytes)).toThrow(WireError);
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('%d cannot be written', (value) => {
    expect(() => sizeCost({ ...emptyCost(), guestTimeUs: value })).toThrow(RangeError);
  });

  test('bigints outside 64 bits cannot be written', () => {
    expect(() => sizeUint64(-1n)).toThrow(RangeError);
    expect(() => sizeUint64(2n ** 64n)).toThrow(RangeError);
  });
});
