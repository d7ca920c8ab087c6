/** The hostile corpus of metering: files whose names say what must happen, and some that are too large to be written down. */
import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, test } from 'vitest';
import { HostError } from '../../../src/errors.js';
import { meter } from '../../../src/wasm/fuel/meter.js';
import { fuelOf, shareFuel, type TrapReport } from '../../../src/wasm/fuel/runtime.js';
import { Scratch } from '../../../src/wasm/fuel/scratch.js';
import { OP } from '../../../src/wasm/instructions.js';

const FOLDER = 'test/hostile/fuel';
const BUDGET = 10_000_000;

/** What `run` came to. Host calls: `effect` does nothing but count, `reenter` calls the export `again`. */
function runHostile(bytes: Uint8Array): {
  report: TrapReport | undefined;
  calls: number;
  out: boolean;
  left: number;
  ms: number;
} {
  const metered = meter(bytes);
  let calls = 0;
  const host = {
    effect: (): void => void calls++,
    reenter: (): void => (instance.exports['again'] as () => void)(),
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(metered.bytes), { host });
  const fuel = fuelOf(instance.exports);
  fuel.begin(BUDGET);
  const startMs = performance.now();
  let report: TrapReport | undefined;
  try {
    if (metered.start !== undefined) (instance.exports[metered.start] as () => void)();
    (instance.exports['run'] as () => void)();
  } catch (error) {
    ok(!(error instanceof RangeError), "the engine's own stack must not be reached");
    report = fuel.explain(error, metered.offsets);
  }
  return { report, calls, out: fuel.isOut(), left: fuel.left(), ms: performance.now() - startMs };
}

function checkOutcome(expected: string, bytes: Uint8Array): void {
  if (expected === 'refused') {
    throws(
      () => meter(bytes),
      (error) => error instanceof HostError && error.reason === 'MODULE_INVALID',
    );
    return;
  }
  const { report, ms } = runHostile(bytes);
  ok(ms < 5_000, `took ${ms.toFixed(0)} ms`);
  ok(report !== undefined, 'it must not come to its end');
  switch (expected) {
    case 'out-of-fuel':
      return strictEqual(report.kind, 'fuel');
    case 'stack':
      return strictEqual(report.kind, 'stack');
    case 'growth-refused':
      return deepStrictEqual([report.kind, report.growthRefused, report.exact], ['guest', true, true]);
    default:
      // The counter is in a register when the guest traps by itself: the whole budget counts as used.
      return deepStrictEqual([report.kind, report.exact, report.usedAtMost], ['guest', false, BUDGET]);
  }
}

describe('the hostile corpus', () => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.wat'))) {
    const [name, expected] = file.split('.') as [string, string];
    test(`${name.replaceAll('-', ' ')}: ${expected.replaceAll('-', ' ')}`, async () => {
      checkOutcome(expected, await parse(readFileSync(`${FOLDER}/${file}`, 'utf8')));
    });
  }
});

/** A module of one exported function `run` without parameters, with this body. */
function moduleOf(fill: (body: Scratch) => void): Uint8Array {
  const body = new Scratch(1_024);
  fill(body);
  const out = new Scratch(body.length + 64);
  out.copy(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0), 0, 18);
  out.copy(Uint8Array.of(7, 7, 1, 3, 0x72, 0x75, 0x6e, 0, 0), 0, 9);
  const section = new Scratch(body.length + 16);
  section.op(1, body.length);
  section.copy(body.bytes, 0, body.length);
  out.op(10, section.length);
  out.copy(section.bytes, 0, section.length);
  return Uint8Array.from(out.finish());
}

describe('large bodies', () => {
  test('50,000 locals leave no room for the counter: refused', () => {
    const bytes = moduleOf((body) => {
      body.op(1, 50_000);
      body.op(0x7f, OP.end);
    });
    ok(WebAssembly.validate(bytes));
    throws(() => meter(bytes), { name: 'HostError', reason: 'MODULE_LIMIT' });
  });

  test('49,990 locals are charged at entry, and counted as stack', () => {
    const bytes = moduleOf((body) => {
      body.op(1, 49_990);
      body.op(0x7f, OP.end);
    });
    const { report, left } = runHostile(bytes);
    strictEqual(report, undefined);
    strictEqual(BUDGET - left, 49_990);
  });

  test('a br_table of 65,000 entries in a loop runs out of fuel', () => {
    const bytes = moduleOf((body) => {
      body.u32(0);
      body.op(OP.loop, 0x40);
      body.op(OP.i32Const, 3);
      body.u8(OP.brTable);
      body.u32(65_000);
      for (let entry = 0; entry <= 65_000; entry++) body.u8(0);
      body.op(OP.end, OP.end);
    });
    strictEqual(runHostile(bytes).report?.kind, 'fuel');
  });

  test('a body that passes what engines take once it is metered is refused', () => {
    const bytes = moduleOf((body) => {
      body.u32(0);
      for (let block = 0; block < 1_500_000; block++) {
        body.op(OP.loop, 0x40);
        body.u8(OP.end);
      }
      body.u8(OP.end);
    });
    ok(WebAssembly.validate(bytes));
    throws(() => meter(bytes), { name: 'HostError', reason: 'MODULE_LIMIT' });
  });

  test('blocks nested 100,000 deep are metered without recursion', () => {
    const bytes = moduleOf((body) => {
      body.u32(0);
      for (let depth = 0; depth < 100_000; depth++) body.op(OP.block, 0x40);
      for (let depth = 0; depth <= 100_000; depth++) body.u8(OP.end);
    });
    strictEqual(runHostile(bytes).report, undefined);
  });
});

describe('host calls', () => {
  test('no host call begins without fuel', async () => {
    const bytes = await parse(readFileSync(`${FOLDER}/catch-all-around-a-host-call.out-of-fuel.wat`, 'utf8'));
    const { calls } = runHostile(bytes);
    // call, br, try: three units a turn.
    ok(calls <= BUDGET / 3 && calls > BUDGET / 3 - 2, `${calls} calls`);
  });
});

describe('two modules with one budget', () => {
  test('that call each other without end use up one stack, and one tank', async () => {
    const shared = shareFuel(512 * 1024);
    const peers: Record<string, Record<string, unknown>> = { peer: {} };
    const load = async (wat: string): Promise<WebAssembly.Exports> => {
      const metered = meter(await parse(wat), { globals: 'imported' });
      return new WebAssembly.Instance(new WebAssembly.Module(metered.bytes), { ...shared.imports, ...peers }).exports;
    };
    peers['peer'] = await load(`(module (table (export "t") 2 funcref) (type $v (func))
      (func (export "deeper") i32.const 0 call_indirect (type $v))
      (func (export "burn") (local i32) i32.const 1000 local.set 0
        loop $l local.get 0 i32.const 1 i32.sub local.tee 0 br_if $l end))`);
    const second = await load(`(module (import "peer" "t" (table 2 funcref)) (import "peer" "deeper" (func $deeper))
      (import "peer" "burn" (func $burn))
      (elem (i32.const 0) $down)
      (func $down call $deeper)
      (func (export "run") call $down)
      (func (export "loop") (loop $l call $burn br $l)))`);
    shared.fuel.begin(BUDGET);
    throws(() => (second['loop'] as () => void)(), WebAssembly.RuntimeError);
    shared.fuel.begin(BUDGET);
    let message = '';
    try {
      (second['run'] as () => void)();
    } catch (error) {
      message = String(error);
    }
    strictEqual(message, 'RuntimeError: unreachable', "the engine's own stack must not be reached");
  });
});
