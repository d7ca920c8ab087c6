/** Metering's hazards, each on a small program that is held against the plain one and the naive meter. */
import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse, print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, test } from 'vitest';
import { type MeterOptions, meter } from '../../../../src/wasm/fuel/meter.js';
import { originalOffset, placeAt } from '../../../../src/wasm/fuel/offset-map.js';
import { FUEL_EXPORTS } from '../../../../src/wasm/fuel/reserved.js';
import { fuelOf, shareFuel } from '../../../../src/wasm/fuel/runtime.js';
import { type Comparison, compareVariants, type HostMaker, variantsOf } from '../../../fuel/oracle.js';

const host: HostMaker = (note) => ({
  host: {
    log: (value: number) => note(`log ${value}`),
    fail: () => {
      note('fail');
      throw new Error('by the host');
    },
  },
});

/** Compares `run` called with each of the arguments. */
async function compare(wat: string, ...args: unknown[][]): Promise<Comparison[]> {
  const variants = variantsOf(await parse(wat));
  return (args.length === 0 ? [[]] : args).map((values) =>
    compareVariants(variants, { name: 'run', args: values }, host),
  );
}

describe('meter, on control flow', () => {
  test('meter charges a br_table with repeated targets, and one to the function itself', async () => {
    await compare(
      `(module (import "host" "log" (func $log (param i32)))
        (func (export "run") (param i32)
          block $a
            block $b
              local.get 0 br_table $b $a $b 2 $a 2 $b
            end
            i32.const 1 call $log
          end
          i32.const 2 call $log nop))`,
      ...[0, 1, 2, 3, 4, 5, 6, -1].map((index) => [index]),
    );
  });

  test('meter charges the ways of a br_table, and not its loop, where some go straight to what joins behind', async () => {
    const wat = `(module (func (export "run") (param i32) (result i32) (local i32)
      loop $again
        block $join
          block $two
            block $one
              local.get 0 i32.const 3 i32.and br_table $one $two $join $two
            end
            local.get 1 i32.const 5 i32.mul local.set 1 nop nop br $join
          end
          local.get 1 i32.const 3 i32.add local.set 1
        end
        local.get 0 i32.const 1 i32.sub local.tee 0 br_if $again
      end
      local.get 1))`;
    await compare(wat, [1], [2], [8], [21]);
    const text = await print(meter(await parse(wat)).bytes);
    const afterHeader = /loop[\s\S]*?br_table/.exec(text)?.[0] ?? '';
    ok(!afterHeader.includes('i64.sub'), afterHeader);
  });

  test('meter writes loops twice that dispatch or that call something on the way out, and counts them as before', async () => {
    const far = 'block '.repeat(130);
    const ends = 'end '.repeat(130);
    const labels = Array.from({ length: 100 }, (_, index) => 129 - index).join(' ');
    await compare(
      `(module (import "host" "log" (func $log (param i32)))
        (func $leave (param i32) (result i32) local.get 0 call $log local.get 0 i32.const 100 i32.mul)
        (func (export "run") (param i32) (result i32) (local i32)
          loop $dispatch
            ${far} local.get 0 br_table ${labels} ${ends}
            local.get 1 local.get 0 i32.add local.set 1
            local.get 0 i32.const 1 i32.sub local.tee 0 br_if $dispatch
          end
          i32.const 9 local.set 0
          loop $scan
            block $on
              local.get 0 i32.const 4 i32.ne br_if $on
              local.get 1 call $leave return
            end
            local.get 0 i32.const 1 i32.sub local.tee 0 br_if $scan
          end
          local.get 1))`,
      [1],
      [2],
      [6],
      [305],
    );
  });

  test('meter keeps operands that lie below branches and blocks', async () => {
    await compare(
      `(module (func (export "run") (param i32) (result i32)
        i32.const 10
        block (result i32)
          i32.const 20
          local.get 0 br_if 0
          drop i32.const 30
        end
        i32.add
        local.get 0 if (param i32) (result i32) i32.const 1 i32.add else i32.const 2 i32.sub end))`,
      [0],
      [1],
    );
  });

  test('meter keeps a conditional branch out of the function that takes results along', async () => {
    await compare(
      `(module (func (export "run") (param i32) (result i32 i64)
        i32.const 1 i64.const 2 local.get 0 br_if 0
        drop drop i32.const 3 i64.const 4 i64.const 1 i64.add))`,
      [0],
      [1],
    );
  });

  test('meter leaves out code that cannot be reached, and what lies behind a block that a branch jumps past', async () => {
    await compare(`(module (func $f (result i32) unreachable)
      (func (export "run") (result i32) (local i32)
        block $out (result i32)
          block (result i32)
            i32.const 4 br $out
            block (result i32) call $f end
          end
          drop call $f
        end))`);
  });

  test('meter counts nested loops, and a loop that nothing branches to', async () => {
    await compare(
      `(module (import "host" "log" (func $log (param i32)))
        (func (export "run") (param i32) (local i32)
          loop $outer
            i32.const 3 local.set 1
            loop $inner
              local.get 1 call $log
              local.get 1 i32.const 1 i32.sub local.tee 1 br_if $inner
            end
            loop nop end
            local.get 0 i32.const 1 i32.sub local.tee 0 br_if $outer
          end))`,
      [1],
      [4],
    );
  });
});

describe('meter, on calls', () => {
  test('meter passes fuel through recursion, tables, references and tail calls', async () => {
    await compare(
      `(module (type $t (func (param i32) (result i32)))
        (import "host" "log" (func $log (param i32)))
        (table 4 funcref) (elem (i32.const 0) $down $tail $log)
        (elem declare func $log)
        (func $down (type $t) local.get 0 i32.eqz if i32.const 0 return end
          local.get 0 i32.const 1 i32.sub i32.const 0 call_indirect (type $t) i32.const 1 i32.add)
        (func $tail (type $t) local.get 0 i32.eqz if i32.const 42 return end
          local.get 0 i32.const 1 i32.sub i32.const 1 return_call_indirect (type $t))
        (func (export "run") (param i32) (result i32)
          i32.const 3 ref.func $log table.set 0
          local.get 0 i32.const 3 call_indirect (param i32)
          local.get 0 i32.const 2 call_indirect (param i32)
          local.get 0 call $down local.get 0 return_call $tail2)
        (func $tail2 (param i32 i32) (result i32) local.get 0 local.get 1 call $tail i32.add))`,
      [0],
      [9],
    );
  });

  test('meter tells a call of the wrong type apart, as before', async () => {
    const [done] = await compare(`(module (table 1 funcref) (elem (i32.const 0) $f)
      (func $f (param i32) (result i32) local.get 0)
      (func (export "run") i64.const 1 i32.const 0 call_indirect (param i64)))`);
    ok(done?.outcome.startsWith('trap'), done?.outcome);
  });

  test('meter charges a start function, and what instantiation itself costs', async () => {
    const bytes =
      await parse(`(module (memory 2) (table 3 funcref) (data (i32.const 0) "abcd") (elem (i32.const 0) $f $f)
      (global $g (export "g") (mut i32) (i32.const 0))
      (func $f nop) (func $start i32.const 5 global.set $g) (start $start) (func (export "run")))`);
    const metered = meter(bytes);
    strictEqual(metered.instantiationFuel, 2 * 4_096 + 3 + 4 + 2);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(metered.bytes), {});
    const fuel = fuelOf(exports);
    fuel.begin(100);
    strictEqual(metered.start, FUEL_EXPORTS.start);
    (exports[metered.start] as () => void)();
    strictEqual(fuel.used(), 2);
    strictEqual((exports['g'] as WebAssembly.Global).value, 5);
  });
});

describe('meter, on the stack', () => {
  test('meter gives back the stack of every call, however it ends', async () => {
    const metered = meter(
      await parse(`(module (type $t (func (param i32))) (tag $e) (table 1 funcref) (elem (i32.const 0) $deep)
        (func $deep (param i32) local.get 0 i32.eqz if return end local.get 0 i32.const 1 i32.sub call $deep nop)
        (func $tail (param i32) i32.const 3 call $deep
          local.get 0 i32.eqz if return end local.get 0 i32.const 1 i32.sub return_call $tail)
        (func $throws (param i32) local.get 0 i32.eqz if throw $e end local.get 0 i32.const 1 i32.sub call $throws nop)
        (func $plain (local i32)
          i32.const 20000 local.set 0
          loop $l
            i32.const 5 call $deep
            i32.const 5 i32.const 0 call_indirect (type $t)
            local.get 0 i32.const 1 i32.sub local.tee 0 br_if $l
          end)
        (func $catches try i32.const 5 call $throws catch_all end)
        (func (export "run") (local i32)
          i32.const 20000 local.set 0
          i32.const 20000 call $tail
          call $plain
          loop $l
            call $catches
            try i32.const 5 call $throws catch $e end
            local.get 0 i32.const 1 i32.sub local.tee 0 br_if $l
          end))`),
    );
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(metered.bytes), {});
    const fuel = fuelOf(exports);
    fuel.begin(1e9);
    (exports['run'] as () => void)();
    strictEqual((exports[FUEL_EXPORTS.stack] as WebAssembly.Global).value, metered.stackBytes);
    ok(!fuel.isOut());
  });
});

describe('meter, on exceptions', () => {
  test('meter charges what ran before a throw, once, wherever it is caught', async () => {
    await compare(
      `(module (tag $e (param i32)) (import "host" "fail" (func $fail)) (import "host" "log" (func $log (param i32)))
        (func $thrower (param i32) i32.const 1 drop local.get 0 i32.const 3 i32.gt_s if local.get 0 throw $e end)
        (func (export "run") (param i32) (result i32) (local i32)
          try (result i32)
            local.get 0 call $thrower
            try call $fail catch_all local.get 0 call $log end
            i32.const 100
          catch $e
            i32.const 1 i32.add
          end
          try try local.get 0 call $thrower delegate 0 catch_all i32.const 7 call $log end))`,
      [1],
      [9],
    );
  });

  test('meter lets no handler catch that the fuel is gone', async () => {
    const metered = meter(
      await parse(`(module (func $burn loop $l br $l end)
      (func (export "run") (result i32) try call $burn catch_all end i32.const 1))`),
    );
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(metered.bytes), {});
    const fuel = fuelOf(exports);
    fuel.begin(1_000);
    throws(() => (exports['run'] as () => number)(), WebAssembly.RuntimeError);
  });
});

describe('meter, on memories', () => {
  test('meter charges bulk work by its length, and refused growth not at all', async () => {
    const wat = `(module (memory (export "m") 1 3) (data $d "abcdef") (func (export "run") (param i32) (result i32)
      i32.const 10 i32.const 1 local.get 0 memory.fill
      i32.const 0 i32.const 100 local.get 0 memory.copy
      i32.const 0 i32.const 0 i32.const 6 memory.init $d
      local.get 0 memory.grow))`;
    const [small, large] = await compare(wat, [2], [200]);
    strictEqual((small?.used ?? 0) - 2 * 4_096 - 2 * 2, (large?.used ?? 0) - 2 * 200);
  });

  test('meter notes growth that the maximum refuses, until the next call', async () => {
    const metered = meter(
      await parse(`(module (memory 1 2) (func (export "grow") i32.const 5 memory.grow drop unreachable)
      (func (export "fine") unreachable))`),
    );
    const explain = (name: string): boolean => {
      const { exports } = instance;
      const fuel = fuelOf(exports);
      fuel.begin(1_000);
      try {
        (exports[name] as () => void)();
      } catch (error) {
        return fuel.explain(error, metered.offsets).growthRefused;
      }
      throw new Error('it must trap');
    };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(metered.bytes), {});
    strictEqual(explain('grow'), true);
    // A server would not call again; here it shows that the note is the call's own. The stack is put back by hand.
    (instance.exports[FUEL_EXPORTS.stack] as WebAssembly.Global).value = metered.stackBytes;
    strictEqual(explain('fine'), false);
  });
});

describe('meter, on what it adds', () => {
  test('meter keeps names right', async () => {
    const bytes = await parse(
      readFileSync('test/hostile/fuel/recursion-without-end.stack.wat', 'utf8').replace(
        '(param i64)',
        '(param $p i64)',
      ),
    );
    const text = await print(meter(bytes).bytes);
    ok(text.includes('$f'), text);
    ok(text.includes('$p'), text);
  });

  test('meter refuses a module that the engine does not accept, whatever it would name', async () => {
    // Calls function 3, which only metering adds.
    const bytes = Uint8Array.of(
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 7, 1, 3, 0x72, 0x75, 0x6e, 0, 0],
      ...[10, 6, 1, 4, 0, 0x10, 1, 0x0b],
    );
    throws(() => meter(bytes), { name: 'HostError', reason: 'MODULE_INVALID' });
    throws(() => meter(bytes, { validate: () => true }), { name: 'HostError', reason: 'MODULE_INVALID' });
  });

  test('offsets of traps lead back to the original module', async () => {
    const bytes = await parse(`(module (memory 1) (func $g (param i32) (result i32)
        loop $l local.get 0 i32.const 1 i32.sub local.tee 0 br_if $l end
        i32.const 0 i32.load drop i32.const 70000 i32.load)
      (func (export "run") (result i32) i32.const 3 call $g))`);
    const position = (code: Uint8Array, globals: boolean): number[] => {
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), {});
      if (globals) fuelOf(exports).begin(1_000);
      try {
        (exports['run'] as () => void)();
      } catch (error) {
        return [...String((error as Error).stack).matchAll(/0x([0-9a-f]+)\)/g)].map(([, hex]) => Number(`0x${hex}`));
      }
      throw new Error('it must trap');
    };
    const metered = meter(bytes);
    const found = position(metered.bytes, true);
    const expected = position(bytes, false);
    deepStrictEqual(
      found.slice(0, 2).map((offset) => originalOffset(metered.offsets, offset)),
      expected.slice(0, 2),
    );
    strictEqual(placeAt(metered.offsets, found[0] as number), 'guest');
  });

  test('several modules use up one budget, and find no full tank on the other side', async () => {
    const shared = shareFuel(512 * 1024);
    const options: MeterOptions = { globals: 'imported' };
    const load = async (wat: string, imports: WebAssembly.Imports): Promise<WebAssembly.Exports> =>
      new WebAssembly.Instance(new WebAssembly.Module(meter(await parse(wat), options).bytes), {
        ...shared.imports,
        ...imports,
      }).exports;
    const callee = await load(
      `(module (global $mine (mut i32) (i32.const 4)) (func (export "f") (result i32) global.get $mine))`,
      {},
    );
    const caller = await load(
      `(module (import "callee" "f" (func $f (result i32))) (func (export "run") (result i32) call $f call $f i32.add))`,
      { callee },
    );
    shared.fuel.begin(100);
    strictEqual((caller['run'] as () => number)(), 8);
    strictEqual(shared.fuel.used(), 5);
  });
});

describe('meter, on the example plugins', () => {
  for (const file of ['examples/echo/echo.wasm', 'examples/sentiment-analyzer/sentiment-analyzer.wasm']) {
    test(`meter gives ${file} a valid module, and its code section at most 45 % more`, () => {
      const metered = meter(readFileSync(file));
      ok(WebAssembly.validate(metered.bytes));
      ok(metered.codeBytes.metered <= 1.45 * metered.codeBytes.original);
    });
  }
});
