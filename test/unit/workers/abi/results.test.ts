import { describe, expect, it } from 'vitest';
import { GuestViolation, OutputLimitExceeded } from '../../../../workers/abi/guest.js';
import { CALLS, callOf, interfaceOf } from './calls.js';
import { BOUNDS, ELSEWHERE, guestOf, RESULT, type WatGuest, words } from './wat-guest.js';

type Data = readonly (readonly [number, Uint8Array])[];

/** Where a pointer and a length lie in a result, and what has to lie in memory for the host to get there. */
interface Slot {
  name: string;
  what: string;
  kind: 'string' | 'bytes' | 'list';
  at: number;
  data: Data;
  /** Of a list: an element whose every string is the same one. */
  element?: Uint8Array;
}

const FURTHER = 8_192;
/** 40 KB that elements of hostile lists all point to. */
const SHARED = { at: 131_072, size: 40_000 };
const BROKEN = [
  ['a lone continuation byte', [0x80]],
  ['a character cut short', [0x61, 0xc3]],
  ['an overlong form', [0xc0, 0xaf]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
] as const;

/** Functions whose `ok` or `error` is aligned to 8 bytes. */
const ALIGNED_TO_8 = new Set(['memory-provider#retrieve', 'learning#learn', 'learning#predict']);

/** Far from what the slots lie in. */
const LIST = 32_768;
const { at: P, size: N } = SHARED;
const PAIR = words(P, N, P, N);
const one = (at: number): Data => [[RESULT, words(0, at, 1)]];
const signalWithMetadata: Data = [...one(ELSEWHERE), [ELSEWHERE + 36, words(FURTHER, 1)]];
const SLOTS: readonly Slot[] = [
  { name: 'neuron#process', what: 'signals', kind: 'list', at: RESULT + 4, data: [], element: signalOf(0, 0) },
  ...Object.entries({ id: 0, type: 8, source: 20, content: 28 }).map(([what, offset]): Slot => {
    return { name: 'neuron#process', what, kind: 'string', at: ELSEWHERE + offset, data: one(ELSEWHERE) };
  }),
  { name: 'neuron#process', what: 'metadata', kind: 'list', at: ELSEWHERE + 36, data: one(ELSEWHERE), element: PAIR },
  { name: 'neuron#process', what: 'metadata key', kind: 'string', at: FURTHER, data: signalWithMetadata },
  { name: 'neuron#process', what: 'metadata value', kind: 'string', at: FURTHER + 8, data: signalWithMetadata },
  { name: 'neuron#export-state', what: 'state', kind: 'bytes', at: RESULT + 4, data: [] },
  { name: 'tools#execute', what: 'answer', kind: 'string', at: RESULT + 4, data: [] },
  ...(['id', 'content', 'metadata'] as const).map((what, i): Slot => {
    return {
      name: 'memory-provider#retrieve',
      what,
      kind: 'string',
      at: RESULT + 16 + 8 * i,
      data: [[RESULT + 8, words(1)]],
    };
  }),
  {
    name: 'memory-provider#search',
    what: 'hits',
    kind: 'list',
    at: RESULT + 4,
    data: [],
    element: words(P, N, P, N, P, N, 0, 0, 0, 0),
  },
  ...(['id', 'content', 'metadata'] as const).map((what, i): Slot => {
    return { name: 'memory-provider#search', what, kind: 'string', at: ELSEWHERE + 8 * i, data: one(ELSEWHERE) };
  }),
  { name: 'learning#predict', what: 'output', kind: 'string', at: RESULT + 8, data: [] },
  { name: 'learning#export-state', what: 'state', kind: 'bytes', at: RESULT + 4, data: [] },
  { name: 'api-extension#handle', what: 'headers', kind: 'list', at: RESULT + 8, data: [], element: PAIR },
  { name: 'api-extension#handle', what: 'body', kind: 'bytes', at: RESULT + 16, data: [] },
  {
    name: 'api-extension#handle',
    what: 'header value',
    kind: 'string',
    at: FURTHER + 8,
    data: [[RESULT + 8, words(FURTHER, 1)]],
  },
  ...Object.keys(CALLS).flatMap(errorSlots),
];

function errorSlots(name: string): Slot[] {
  const error = RESULT + (ALIGNED_TO_8.has(name) ? 8 : 4);
  const failed: Data = [[RESULT, words(1)]];
  return [
    { name, what: 'error message', kind: 'string', at: error + 4, data: failed },
    { name, what: 'error details', kind: 'string', at: error + 16, data: [...failed, [error + 12, words(1)]] },
  ];
}

/** A signal whose strings are all the same one. */
function signalOf(metadataAt: number, metadataLength: number): Uint8Array {
  return words(P, N, P, N, 1, P, N, P, N, metadataAt, metadataLength, 0, 0, 0);
}

function repeated(element: Uint8Array, count: number): Uint8Array {
  return Buffer.concat(Array<Uint8Array>(count).fill(element));
}

function expectBounded(call: () => unknown): void {
  const before = process.memoryUsage().arrayBuffers;
  expect(call).toThrow(OutputLimitExceeded);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * BOUNDS.outputBytes);
}

async function calling(name: string, data: Data, wat: WatGuest = {}): Promise<() => unknown> {
  const guest = await guestOf({ exports: [interfaceOf(name)], data, ...wat });
  return () => callOf(name)(guest);
}

const reaching = ({ name, data, at }: Slot, pointer: number, length: number, more: Data = []) =>
  calling(name, [...data, [at, words(pointer, length)], ...more]);

describe.each(Object.keys(CALLS))('a result of %s', (name) => {
  it.each(['0xfffffff8', '0x7ffffff8', '0x3fff8'])('at %s is outside the memory', async (at) => {
    expect(await calling(name, [], { bodies: { [name]: `(i32.const ${at})` } })).toThrow(
      /result: .* are outside the memory/,
    );
  });

  it('that is not aligned is a violation', async () => {
    expect(await calling(name, [], { bodies: { [name]: '(i32.const 1026)' } })).toThrow(/result: 1026 is not aligned/);
  });

  it.each([2, 255])('that is case %i is a violation', async (discriminant) => {
    expect(await calling(name, [[RESULT, words(discriminant)]])).toThrow(`result: case ${discriminant} of 2`);
  });

  it('with an error code out of range is a violation', async () => {
    const error = RESULT + (ALIGNED_TO_8.has(name) ? 8 : 4);
    expect(
      await calling(name, [
        [RESULT, words(1)],
        [error, words(8)],
      ]),
    ).toThrow('error-code: case 8 of 8');
  });

  it('with an optional that is neither there nor not is a violation', async () => {
    const details = RESULT + (ALIGNED_TO_8.has(name) ? 8 : 4) + 12;
    expect(
      await calling(name, [
        [RESULT, words(1)],
        [details, words(2)],
      ]),
    ).toThrow('option: case 2 of 2');
  });

  it('is not taken from a guest that called the host in its post-return function', async () => {
    const post = '(call $logging.log (i32.const 0) (i32.const 0) (i32.const 0))';
    expect(await calling(name, [], { imports: ['logging.log'], post })).toThrow(/post-return function called the host/);
  });

  it('is followed by the post-return function, which gets its address', async () => {
    const post = '(i32.store (i32.const 2048) (local.get $result))';
    const bodies = { [name]: '(if (i32.load (i32.const 2048)) (then unreachable)) (i32.const 1024)' };
    const call = await calling(name, [], { bodies, post });
    expect(call()).toMatchObject({ ok: true });
    expect(call).toThrow(WebAssembly.RuntimeError);
  });
});

describe.each(SLOTS)('$what of $name', (slot) => {
  const { kind } = slot;

  it('of length 2^32 - 1 is a violation', async () => {
    const expected = kind === 'list' ? OutputLimitExceeded : GuestViolation;
    expect(await reaching(slot, 0, 0xffff_ffff)).toThrow(expected);
  });

  it('whose end wraps around 2^32 is a violation', async () => {
    expect(await reaching(slot, 0xffff_fff0, 32)).toThrow(GuestViolation);
  });

  it('that is empty, but outside the memory, is a violation', async () => {
    expect(await reaching(slot, 0xffff_fff0, 0)).toThrow(GuestViolation);
  });

  if (kind === 'list') {
    it('that is not aligned is a violation', async () => {
      expect(await reaching(slot, ELSEWHERE + 1, 1)).toThrow(/not aligned/);
    });

    it('with more elements than allowed exceeds the limit before any is lifted', async () => {
      expect(await reaching(slot, ELSEWHERE, BOUNDS.outputElements + 1)).toThrow(/more list elements/);
    });

    it('whose elements overlap exceeds the limit and takes no more memory than that', async () => {
      const call = await reaching(slot, LIST, 100, [[LIST, repeated(slot.element as Uint8Array, 100)]]);
      expectBounded(call);
    });
  } else {
    it('that is longer than allowed exceeds the limit before it is copied', async () => {
      expectBounded(await reaching(slot, 65_536, BOUNDS.outputBytes + 1));
    });
  }

  if (kind === 'string') {
    it.each(BROKEN)('with %s is a violation', async (_, bytes) => {
      const broken = Uint8Array.from(bytes);
      expect(await reaching(slot, FURTHER * 2, broken.length, [[FURTHER * 2, broken]])).toThrow(/not UTF-8/);
    });
  }
});

it('signals that share one list of metadata exceed the limit', async () => {
  const empty = repeated(words(0, 0, 0, 0), 60);
  const signal = words(0, 0, 0, 0, 1, 0, 0, 0, 0, FURTHER, 60, 0, 0, 0);
  const data: Data = [
    [RESULT, words(0, LIST, 500)],
    [LIST, repeated(signal, 500)],
    [FURTHER, empty],
  ];
  expectBounded(await calling('neuron#process', data));
});

it('a signal of a layer that does not exist is a violation', async () => {
  const data: Data = [...one(ELSEWHERE), [ELSEWHERE + 16, words(9)]];
  expect(await calling('neuron#process', data)).toThrow('layer: case 9 of 9');
});

it('a result is lifted from where it is after the guest has grown its memory', async () => {
  const grow = '(drop (memory.grow (i32.const 2))) (i32.store (i32.const 300000) (i32.const 1))';
  const bodies = { 'tools#execute': `${grow} (i32.const 299996)` };
  // Discriminant 0, and a string at 1 of length 0.
  const call = await calling('tools#execute', [], { bodies });
  expect(call()).toEqual({ ok: true, value: new Uint8Array(0) });
});
