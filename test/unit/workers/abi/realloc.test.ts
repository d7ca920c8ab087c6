import { describe, expect, it } from 'vitest';
import { GuestViolation } from '../../../../workers/abi/guest.js';
import { CALLS, callOf, interfaceOf, WITHOUT_ARGUMENTS } from './calls.js';
import { emptyServices, guestOf, utf8, type WatGuest, words } from './wat-guest.js';

const lowering = Object.keys(CALLS).filter((name) => !WITHOUT_ARGUMENTS.has(name));

async function calling(name: string, wat: WatGuest): Promise<() => unknown> {
  const guest = await guestOf({ exports: [interfaceOf(name)], ...wat });
  return () => callOf(name)(guest);
}

describe.each(lowering)('arguments of %s', (name) => {
  it('are refused a place outside the memory', async () => {
    const call = await calling(name, { realloc: '(i32.const 0x7fffffff)' });
    expect(call).toThrow(GuestViolation);
    expect(call).toThrow(/outside the memory|ended in an earlier call/);
  });

  it('are refused a place whose end wraps around 2^32', async () => {
    const call = await calling(name, { realloc: '(i32.const 0xfffffff8)' });
    expect(call).toThrow(/outside the memory/);
  });

  it('are refused a place of which only the last byte is outside', async () => {
    const end = '(i32.sub (i32.mul (memory.size) (i32.const 65536)) (local.get $new))';
    const call = await calling(name, { realloc: `(i32.add ${end} (local.get $align))` });
    expect(call).toThrow(/outside the memory/);
  });

  it('need a cabi_realloc', async () => {
    const call = await calling(name, { withoutRealloc: true });
    expect(call).toThrow(/exports no cabi_realloc/);
  });

  it('survive places that overlap each other and the result', async () => {
    const call = await calling(name, { realloc: '(i32.const 1024)', data: [[1024, words(0, 0)]] });
    // What the guest then finds, and answers, is garbage of its own making: an answer or a violation, nothing else.
    expect(outcome(call)).toMatch(/^(answer|GuestViolation)$/);
  });

  it('survive a realloc that grows the memory each time', async () => {
    const realloc = '(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))';
    const call = await calling(name, { realloc });
    expect(call()).toMatchObject({ ok: true });
  });

  it('end the instance when realloc calls the host', async () => {
    const realloc = '(call $logging.log (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 65536)';
    const call = await calling(name, { imports: ['logging.log'], realloc });
    expect(call).toThrow(/cabi_realloc called the host/);
  });

  it('end the instance when realloc traps', async () => {
    const call = await calling(name, { realloc: 'unreachable' });
    expect(call).toThrow(WebAssembly.RuntimeError);
    expect(call).toThrow(/ended in an earlier call/);
  });
});

const withLists = ['learning#learn'];

it.each(withLists)('a list given to %s is refused a place that is not aligned', async (name) => {
  const call = await calling(name, { realloc: '(i32.const 65537)' });
  expect(call).toThrow(/not aligned/);
});

it('metadata given to neuron#process is refused a place that is not aligned', async () => {
  const guest = await guestOf({ exports: ['neuron'], realloc: '(i32.const 65538)' });
  const text = utf8('x');
  const metadata: [Uint8Array, Uint8Array][] = [[text, text]];
  const signal = { id: text, type: text, layer: 1, source: text, content: text, metadata, timestamp: 0n };
  expect(() => guest.neuron?.process(signal)).toThrow(/65538 is not aligned to 4 bytes/);
});

it('headers given to api-extension#handle are refused a place that is not aligned', async () => {
  const guest = await guestOf({ exports: ['api-extension'], realloc: '(i32.const 65539)' });
  const text = utf8('x');
  const request = {
    method: text,
    path: text,
    query: text,
    headers: [[text, text]] as [Uint8Array, Uint8Array][],
    body: text,
  };
  expect(() => guest.apiExtension?.handle(request)).toThrow(/65539 is not aligned to 4 bytes/);
});

it('an answer to an import is refused a place outside the memory', async () => {
  const host = emptyServices({ config: { get: () => utf8('1'), getAll: () => utf8('{}') } });
  const activate = '(call $config.get-all (i32.const 2048)) (i32.const 1024)';
  const wat = { imports: ['config.get-all'], bodies: { 'lifecycle#activate': activate }, realloc: '(i32.const -2)' };
  const guest = await guestOf(wat, host);
  expect(() => guest.lifecycle?.activate()).toThrow(/cabi_realloc: 2 bytes at 4294967294 are outside the memory/);
});

it('an answer to an import ends the instance when realloc asks the host again', async () => {
  const again = '(call $config.get-all (i32.const 2048))';
  const host = emptyServices({ config: { get: () => undefined, getAll: () => utf8('{}') } });
  const bodies = { 'lifecycle#activate': `${again} (i32.const 1024)` };
  const guest = await guestOf({ imports: ['config.get-all'], bodies, realloc: `${again} (i32.const 65536)` }, host);
  expect(() => guest.lifecycle?.activate()).toThrow(/cabi_realloc called the host/);
  expect(() => guest.lifecycle?.activate()).toThrow(/cabi_realloc called the host/);
});

function outcome(call: () => unknown): string {
  try {
    call();
    return 'answer';
  } catch (error) {
    return error instanceof Error ? error.name : 'unknown';
  }
}
