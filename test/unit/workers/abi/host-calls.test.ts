import { describe, expect, it } from 'vitest';
import { CONTRACT_VERSION, INTERFACES } from '../../../../src/protocol/contract.js';
import { GuestViolation, type HostServices, OutputLimitExceeded } from '../../../../workers/abi/guest.js';
import { BOUNDS, emptyServices, guestOf, RESULT, utf8, words } from './wat-guest.js';

/**
 * The arguments of every function that a plugin may import: `s` a string, `b` bytes, `l` a list of two strings each, `e` an
 * enum, `i` an i32, `I` an i64, `F` an f64, `r` the area for the answer.
 */
const IMPORTED: Readonly<Record<string, string>> = {
  'logging.log': 'es',
  'config.get': 'sr',
  'config.get-all': 'r',
  'clock.now': '',
  'clock.monotonic': '',
  'random.bytes': 'ir',
  'random.next': '',
  'metrics.increment': 'sFl',
  'metrics.set': 'sFl',
  'metrics.observe': 'sFl',
  'memory.get': 'sr',
  'memory.set': 'ssr',
  'memory.delete': 'sr',
  'memory.list-entries': 'sir',
  'memory.search': 'sir',
  'signals.emit': 'ssesslIr',
  'plugins.call-tool': 'sssr',
  'http.fetch': 'sslbier',
  'http.open': 'sslbier',
  'http.read': 'iir',
  'http.close': 'i',
};

const AREA = 2_048;
const LIST = 4_096;
const SHARED = { at: 131_072, size: 10_000 };

/** WAT for arguments that are fine. */
const FINE: Readonly<Record<string, readonly string[]>> = {
  s: ['(i32.const 0)', '(i32.const 0)'],
  b: ['(i32.const 0)', '(i32.const 0)'],
  l: ['(i32.const 0)', '(i32.const 0)'],
  e: ['(i32.const 0)'],
  i: ['(i32.const 0)'],
  I: ['(i64.const 0)'],
  F: ['(f64.const 0)'],
  r: [`(i32.const ${AREA})`],
};

interface Argument {
  name: string;
  kind: string;
  /** Of the letter in IMPORTED. */
  index: number;
}

const ARGUMENTS: readonly Argument[] = Object.entries(IMPORTED).flatMap(([name, kinds]) =>
  [...kinds].map((kind, index) => ({ name, kind, index })),
);

const of = (kinds: string) => ARGUMENTS.filter(({ kind }) => kinds.includes(kind));

/** A guest whose `activate` calls the import with one argument replaced. */
async function calling(
  { name, index }: Argument,
  replaced: readonly number[],
  data: readonly (readonly [number, Uint8Array])[] = [],
) {
  const core = [...(IMPORTED[name] as string)].flatMap((kind, i) =>
    i === index ? replaced.map((value) => `(i32.const ${value})`) : (FINE[kind] as readonly string[]),
  );
  return called(name, core, emptyServices(), data);
}

async function called(
  name: string,
  core: readonly string[],
  host: HostServices = emptyServices(),
  data: readonly (readonly [number, Uint8Array])[] = [],
): Promise<() => unknown> {
  const results = INTERFACES.flatMap((i) =>
    i.functions.filter((f) => `${i.name}.${f.name}` === name && i.direction === 'import'),
  );
  const drop = results[0]?.results.length === 1 ? 'drop' : '';
  const bodies = { 'lifecycle#activate': `(call $${name} ${core.join(' ')}) ${drop} (i32.const 1024)` };
  const guest = await guestOf({ imports: [name], bodies, data }, host);
  return () => guest.lifecycle?.activate();
}

it('every function that a plugin may import is in the table of this test', () => {
  const imported = INTERFACES.filter(({ direction }) => direction === 'import');
  const names = imported.flatMap((i) => i.functions.map((f) => `${i.name}.${f.name}`));
  expect(Object.keys(IMPORTED).sort()).toEqual(names.sort());
});

it.each(Object.keys(IMPORTED))('%s is answered when its arguments are fine', async (name) => {
  const core = [...(IMPORTED[name] as string)].flatMap((kind) => FINE[kind] as readonly string[]);
  expect((await called(name, core))()).toEqual({ ok: true, value: undefined });
});

describe.each(of('sbl'))('argument $index of $name', (argument) => {
  const { kind } = argument;

  it('of length 2^32 - 1 is refused', async () => {
    expect(await calling(argument, [0, 0xffff_ffff])).toThrow(kind === 'l' ? OutputLimitExceeded : GuestViolation);
  });

  it('whose end wraps around 2^32 is refused', async () => {
    expect(await calling(argument, [0xffff_fff0, 32])).toThrow(/outside the memory/);
  });

  it('that leaves the memory by a byte is refused', async () => {
    const [pointer, length] = kind === 'l' ? [4 * 65_536 - 12, 1] : [4 * 65_536 - 7, 8];
    expect(await calling(argument, [pointer as number, length as number])).toThrow(/outside the memory/);
  });

  it('that asks for more than a host call may carry is refused before it is copied', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const data = [[LIST, Buffer.concat(Array<Uint8Array>(50).fill(words(SHARED.at, SHARED.size, 0, 0)))]] as const;
    const call =
      kind === 'l' ? calling(argument, [LIST, 50], data) : calling(argument, [65_536, BOUNDS.hostCallBytes + 1]);
    expect(await call).toThrow(OutputLimitExceeded);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * BOUNDS.hostCallBytes);
  });
});

describe.each(of('s'))('argument $index of $name', (argument) => {
  it('that is not UTF-8 is refused', async () => {
    expect(await calling(argument, [LIST, 2], [[LIST, Uint8Array.of(0xc3, 0x28)]])).toThrow(/not UTF-8/);
  });
});

describe.each(of('l'))('argument $index of $name', (argument) => {
  it('that is not aligned is refused', async () => {
    expect(await calling(argument, [LIST + 2, 1])).toThrow(/not aligned to 4/);
  });

  it('with an element that is not UTF-8 is refused', async () => {
    const data = [
      [LIST, words(LIST, 1, LIST + 100, 1)],
      [LIST + 100, Uint8Array.of(0xff)],
    ] as const;
    expect(await calling(argument, [LIST, 1], data)).toThrow(/not UTF-8/);
  });
});

describe.each(of('e'))('argument $index of $name', (argument) => {
  it.each([9, 0xff, 0x8000_0000, 0xffff_ffff])('that is case %i is refused', async (value) => {
    expect(await calling(argument, [value])).toThrow(`case ${value} of`);
  });
});

describe.each(of('r'))('the area for the answer of $name', (argument) => {
  it('outside the memory is refused', async () => {
    expect(await calling(argument, [0xffff_fffc])).toThrow(/outside the memory/);
  });

  it('that is not aligned is refused', async () => {
    expect(await calling(argument, [AREA + 2])).toThrow(/not aligned to 4/);
  });
});

describe('what a host call throws', () => {
  const hostBug = () => {
    throw new Error('out of order');
  };
  const wat = (body: string) => ({
    imports: ['logging.log'],
    bodies: { 'lifecycle#activate': `${body} (i32.const 1024)` },
  });
  const wild = '(call $logging.log (i32.const 0) (i32.const -1) (i32.const 9))';
  const caught = (call: string) => `try ${call} catch_all end`;

  it('reaches the host although the guest catches it', async () => {
    const guest = await guestOf(wat(caught(wild)));
    expect(() => guest.lifecycle?.activate()).toThrow(/outside the memory/);
  });

  it('ends the instance although the guest catches it', async () => {
    const guest = await guestOf(wat(caught(wild)));
    expect(() => guest.lifecycle?.activate()).toThrow(GuestViolation);
    expect(() => guest.lifecycle?.deactivate()).toThrow(/outside the memory/);
  });

  it('lets no further host call through once the guest has caught it', async () => {
    const lines: string[] = [];
    const logging = { log: (_level: number, text: Uint8Array) => void lines.push(Buffer.from(text).toString()) };
    const fine = '(call $logging.log (i32.const 0) (i32.const 0) (i32.const 1))';
    const guest = await guestOf(wat(`${fine} ${caught(wild)} ${caught(fine)} ${fine}`), emptyServices({ logging }));
    expect(() => guest.lifecycle?.activate()).toThrow(/outside the memory/);
    expect(lines).toHaveLength(1);
  });

  it('is the same error that the host made', async () => {
    const fine = '(call $logging.log (i32.const 0) (i32.const 0) (i32.const 1))';
    const guest = await guestOf(wat(caught(fine)), emptyServices({ logging: { log: hostBug } }));
    expect(() => guest.lifecycle?.activate()).toThrow('out of order');
  });
});

describe('what a host call gives', () => {
  it('is copied into the guest where its realloc says', async () => {
    const config = { get: () => utf8('"wérld"'), getAll: () => utf8('{}') };
    // option<string>: discriminant, pointer, length; the guest hands the three words on as a log line.
    const body = `(call $config.get (i32.const 0) (i32.const 0) (i32.const ${AREA}))
      (call $logging.log (i32.const 2) (i32.load (i32.const ${AREA + 4})) (i32.load (i32.const ${AREA + 8}))) (i32.const 1024)`;
    const seen: [number, string][] = [];
    const logging = { log: (level: number, text: Uint8Array) => void seen.push([level, Buffer.from(text).toString()]) };
    const imports = ['config.get', 'logging.log'];
    const guest = await guestOf(
      { imports, bodies: { 'lifecycle#activate': body } },
      emptyServices({ config, logging }),
    );
    guest.lifecycle?.activate();
    expect(seen).toEqual([[2, '"wérld"']]);
  });
});

describe('a flood of host calls', () => {
  const text = LIST + 100;
  const data = [
    [RESULT, words(0, text, 2)],
    [text, utf8('ab')],
    [LIST, utf8('xy')],
  ] as const;
  const flood = `(local $n i32) (loop $next
    (call $logging.log (i32.const 0) (i32.const ${LIST}) (i32.const 2))
    (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10000))))`;
  const bodies = { 'tools#execute': `${flood} (i32.const ${RESULT})` };
  const wat = { exports: ['tools'], imports: ['logging.log'], bodies, data };

  it('leaves no copies behind', async () => {
    const buffers = new Set<ArrayBufferLike>();
    const logging = { log: (_level: number, line: Uint8Array) => void buffers.add(line.buffer) };
    const guest = await guestOf(wat, emptyServices({ logging }));
    guest.tools?.execute(utf8('t'), utf8('{}'));
    guest.tools?.execute(utf8('t'), utf8('{}'));
    expect(buffers.size).toBe(1);
  });

  it('does not touch what an export has returned', async () => {
    const guest = await guestOf(wat);
    const results = [1, 2].map(() => guest.tools?.execute(utf8('t'), utf8('{}')));
    expect(results).toEqual(Array(2).fill({ ok: true, value: utf8('ab') }));
  });
});

it('the contract that these tests know is the one that is spoken', () => {
  expect(CONTRACT_VERSION).toBe('0.1.0');
});
