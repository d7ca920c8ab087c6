import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { instrument } from '../../../../src/wasm/profile/instrument.js';
import { type HostMaker, runMetered, runNaive, runPlain, variantsOf } from '../../../fuel/oracle.js';
import { generateProgram } from '../../../fuzz/fuel-programs.js';
import { Random } from '../../../fuzz/random.js';
import { type ProfiledRun, runProfiled } from './profiled.js';

const NO_HOST: HostMaker = () => ({});

/** Profiles the export `run` of a module in the text format, and holds it against the other ways of counting. */
async function profile(wat: string, ...args: unknown[]): Promise<ProfiledRun> {
  const bytes = await parse(`(module ${wat})`);
  const call = { name: 'run', args };
  const run = runProfiled(bytes, call, NO_HOST);
  const variants = variantsOf(bytes);
  expect(run.outcome).toBe(runPlain(variants, call, NO_HOST).effect.outcome);
  expect(run.used).toBe(runNaive(variants, call, NO_HOST).used);
  const metered = runMetered(variants, call, NO_HOST);
  if (metered.report?.exact !== false) expect(run.used).toBe(metered.used);
  expect(Object.values(run.stacks).reduce((sum, fuel) => sum + fuel, 0)).toBe(run.used);
  return run;
}

/** `(func try_table end)`: Node 20 has none. */
const HAS_EXCEPTION_REFERENCES = WebAssembly.validate(
  Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
    ...[10, 8, 1, 6, 0, 0x1f, 0x40, 0, 0x0b, 0x0b],
  ),
);

describe('instrument', () => {
  test('tells of every function what it used by itself, and who called it how often', async () => {
    const run = await profile(`
      (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func $middle (result i32) (call $leaf (call $leaf (i32.const 0))))
      (func (export "run") (result i32) (i32.add (call $middle) (call $leaf (i32.const 5))))`);
    expect(run.outcome).toBe('value 8');
    expect(run.stacks).toEqual({ 2: 4, '2;1': 3, '2;1;0': 6, '2;0': 3 });
    expect(run.calls).toEqual({ 2: 1, '2;1': 1, '2;1;0': 2, '2;0': 1 });
  });

  test('leaves a function by return, by branches to its own label, with several results', async () => {
    const run = await profile(
      `
      (func $returns (param i32) (result i32) (if (local.get 0) (then (return (i32.const 7)))) (i32.const 8))
      (func $branches (param i32) (result i32 i64)
        (br_if 0 (i32.const 1) (i64.const 2) (local.get 0)) (drop) (drop)
        (br_table 0 0 (i32.const 3) (i64.const 4) (i32.const 0)))
      (func (export "run") (param i32) (result i32)
        (call $returns (local.get 0)) (call $branches (local.get 0)) drop (call $returns (i32.const 0)) i32.add i32.add)`,
      1,
    );
    expect(run.outcome).toBe('value 16');
    expect(run.calls).toEqual({ 2: 1, '2;0': 2, '2;1': 1 });
  });

  test('follows calls through tables and recursion', async () => {
    const run = await profile(
      `
      (table funcref (elem $fib))
      (type $f (func (param i32) (result i32)))
      (func $fib (type $f)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
          (else (i32.add
            (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))
            (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
      (func (export "run") (param i32) (result i32) (call $fib (local.get 0)))`,
      6,
    );
    expect(run.outcome).toBe('value 8');
    expect(run.calls).toMatchObject({ '1;0': 1, '1;0;0': 2, '1;0;0;0': 4 });
    expect(Object.values(run.calls).reduce((sum, calls) => sum + calls, 0)).toBe(26);
  });

  test('puts what is called last in the place of its caller', async () => {
    const run = await profile(
      `
      (func $even (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
        (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
      (func $odd (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (return_call $even (i32.sub (local.get 0) (i32.const 1))))
      (func (export "run") (param i32) (result i32) (i32.add (call $even (local.get 0)) (i32.const 0)))`,
      1_000,
    );
    expect(run.outcome).toBe('value 1');
    expect(run.calls).toEqual({ 2: 1, '2;0': 501, '2;1': 500 });
  });

  test('comes back to the function that catches', async () => {
    const run = await profile(`
      (tag $oops)
      (func $thrower (i32.const 1) (drop) (throw $oops))
      (func $between (call $thrower))
      (func $after (i32.const 2) (drop))
      (func $catcher try call $between catch_all call $after end)
      (func (export "run") call $catcher call $after
        try try call $between delegate 0 catch $oops call $after end)`);
    expect(run.outcome).toBe('value undefined');
    expect(run.calls).toEqual({ 4: 1, '4;3': 1, '4;3;1': 1, '4;3;1;0': 1, '4;3;2': 1, '4;2': 2, '4;1': 1, '4;1;0': 1 });
    expect(run.stacks['4;3;1;0']).toBe(2);
  });

  test.runIf(HAS_EXCEPTION_REFERENCES)('comes back to the label that an exception is sent to', async () => {
    const run = await profile(`
      (tag $oops)
      (func $thrower (i32.const 1) (drop) (throw $oops))
      (func $between (call $thrower))
      (func $after (i32.const 2) (drop))
      (func $catcher (block $caught (try_table (catch_all $caught) (call $between))) (call $after))
      (func $leaver (try_table (catch $oops 0) (call $between)))
      (func $looper (local $again i32)
        (loop $retry
          (br_if 1 (local.get $again)) (local.set $again (i32.const 1))
          (try_table (catch_all $retry) (call $between)) (call $after)))
      (func (export "run") (call $catcher) (call $leaver) (call $looper) (call $after))`);
    expect(run.outcome).toBe('value undefined');
    expect(Object.keys(run.calls)).toEqual([
      ...['6', '6;3', '6;3;1', '6;3;1;0', '6;3;2', '6;4', '6;4;1', '6;4;1;0'],
      ...['6;5', '6;5;1', '6;5;1;0', '6;2'],
    ]);
    expect(run.stacks['6;5']).toBe(1 + 2 + 2 + 1 + 1 + 2);
  });

  test('blames the function that traps, to the instruction', async () => {
    const run = await profile(
      `
      (memory 1)
      (func $load (param i32) (result i32)
        (i32.const 1) (drop) (i32.load (local.get 0)) (i32.const 1) (i32.add))
      (func (export "run") (param i32) (result i32) (i32.add (i32.const 1) (call $load (local.get 0))))`,
      70_000,
    );
    expect(run.outcome).toBe('trap memory access out of bounds');
    expect(run.stacks).toEqual({ 1: 3, '1;0': 3 });
  });

  test('charges bulk operations, growth and locals where they stand', async () => {
    const run = await profile(`
      (memory 1 4) (table 4 10 funcref)
      (func $fill (memory.fill (i32.const 0) (i32.const 1) (i32.const 1000)))
      (func $grow (result i32) (memory.grow (i32.const 2)))
      (func $refused (result i32) (memory.grow (i32.const 2)))
      (func $slots (result i32) (table.grow (ref.null func) (i32.const 3)))
      (func $locals (local i64 i64 i32))
      (func (export "run") (call $fill) (drop (call $grow)) (drop (call $refused)) (drop (call $slots)) (call $locals))`);
    expect(run.stacks).toEqual({ 5: 5, '5;0': 1_004, '5;1': 2 + 2 * 4_096, '5;2': 2, '5;3': 3 + 3, '5;4': 3 });
  });

  test('ends a program that has no fuel left, which cannot catch it', async () => {
    const bytes = await parse(`(module (func (export "run")
      loop $forever try loop $inner br $inner end catch_all end br $forever end))`);
    const run = runProfiled(bytes, { name: 'run', args: [] }, NO_HOST, 5_000);
    expect(run.outcome).toBe('trap unreachable');
    expect(run.used).toBeGreaterThan(5_000);
    expect(run.used).toBeLessThan(5_010);
  });

  test('ends a recursion that no metered guest could come to', async () => {
    const bytes = await parse('(module (func $f (export "run") (call $f)))');
    expect(runProfiled(bytes, { name: 'run', args: [] }, NO_HOST).outcome).toBe('trap unreachable');
  });

  test('refuses names that belong to the host', async () => {
    const bytes = await parse('(module (global (export "hal9:fuel/left") (mut i64) (i64.const 0)))');
    expect(() => instrument(bytes)).toThrow(/belong to the host/);
  });

  test.each([
    ['legacyExceptions', 1],
    ['tailCalls', 2],
    ['none', 3],
    ['exceptionReferences', 4],
  ])('counts what the naive meter counts, on generated programs with %s', (feature, seed) => {
    const random = new Random(seed);
    const features = {
      legacyExceptions: feature === 'legacyExceptions',
      exceptionReferences: feature === 'exceptionReferences' && HAS_EXCEPTION_REFERENCES,
      tailCalls: feature === 'tailCalls',
    };
    let compared = 0;
    for (let programs = 0; programs < 40; programs++) {
      const program = generateProgram(random, features);
      const variants = variantsOf(program.bytes);
      for (const { name, params } of program.exports) {
        const args = params.map((type) => (type === 0x7e ? BigInt(random.below(1_000)) : random.below(1_000)));
        const budget = runMetered(variants, { name, args }, host, 300_000);
        if (/^(out of fuel|stack)/.test(budget.effect.outcome)) continue;
        const naive = runNaive(variants, { name, args }, host);
        if (!naive.started) continue;
        const run = runProfiled(program.bytes, { name, args }, host);
        expect([run.outcome, run.used]).toEqual([naive.effect.outcome, naive.used]);
        expect(Object.values(run.stacks).reduce((sum, fuel) => sum + fuel, 0)).toBe(run.used);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(40);
  });
});

/** What generated programs import: see `HOST_SIGNATURES`. */
const host: HostMaker = () => ({
  host: {
    f0: (value: number) => value + 1,
    f1: () => undefined,
    f2: () => 7n,
    f3: (_: number, value: number) => value,
  },
});
