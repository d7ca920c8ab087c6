import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { functionType, readModule } from '../../../src/wasm/module.js';
import { customSections } from '../../../src/wasm/sections.js';
import { moduleBytes } from '../prepare/module-text.js';

describe('readModule', () => {
  test('reads what a module declares', async () => {
    const module = readModule(
      await parse(`(module
        (import "a" "f" (func (param i32 i64) (result f64)))
        (import "a" "g" (global i32))
        (type $t (func (param v128 externref)))
        (tag (type $t))
        (table 2 5 funcref)
        (table (export "t") 1 externref)
        (memory (export "m") 1 3)
        (global (export "g") (mut i64) (i64.const -1))
        (global v128 (v128.const i32x4 1 2 3 4))
        (global funcref (ref.func 1))
        (func $start (local i32 i32 f64))
        (func (export "h") (param f32) (result f32 f32) local.get 0 local.get 0)
        (start $start)
        (elem (i32.const 0) func 1 2)
        (data (i32.const 0) "x") (data "passive"))`),
    );
    expect(module.imports.map(({ module: from, name, kind }) => `${from}.${name} ${kind}`)).toEqual([
      'a.f function',
      'a.g global',
    ]);
    expect(module.functions.length).toBe(3);
    expect(module.importedFunctions).toBe(1);
    expect(functionType(module, 2)).toEqual({ params: Uint8Array.of(0x7d), results: Uint8Array.of(0x7d, 0x7d) });
    expect(module.tables).toEqual([
      { elementType: 0x70, initial: 2, maximum: 5 },
      { elementType: 0x6f, initial: 1, maximum: undefined },
    ]);
    expect(module.memories).toEqual([{ initial: 1, maximum: 3 }]);
    expect(module.globals.map(({ mutable }) => mutable)).toEqual([false, true, false, false]);
    expect(module.tags).toBe(1);
    expect(module.exports.map(({ name, kind, index }) => `${name} ${kind} ${index}`)).toEqual([
      't table 1',
      'm memory 0',
      'g global 1',
      'h function 2',
    ]);
    expect(module.start).toBe(1);
    expect([module.elementSegments, module.dataSegments]).toEqual([1, 2]);
    expect(module.bodyStarts.length).toBe(2);
    expect(module.bytes[(module.bodyEnds[1] as number) - 1]).toBe(0x0b);
  });

  test('it agrees with the engine on imports and exports', async () => {
    const bytes = await moduleBytes({
      imports: ['logging', 'config', 'metrics'],
      exports: ['lifecycle', 'neuron', 'tools'],
    });
    const ours = readModule(bytes);
    const theirs = await WebAssembly.compile(bytes);
    expect(ours.imports.map(({ module, name, kind }) => ({ module, name, kind }))).toEqual(
      WebAssembly.Module.imports(theirs),
    );
    expect(ours.exports.map(({ name, kind }) => ({ name, kind }))).toEqual(WebAssembly.Module.exports(theirs));
  });

  test('every cut of a module is refused, or is a shorter module', async () => {
    const bytes = await moduleBytes({ imports: ['logging'] });
    let refused = 0;
    for (let length = 0; length < bytes.length; length++) {
      try {
        readModule(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toMatchObject({ reason: 'MODULE_INVALID' });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(bytes.length * 0.9);
  });

  test('locals are bounded over all functions together', () => {
    // 101 functions of 50,000 locals each.
    const body = [6, 1, 0xd0, 0x86, 0x03, 0x7f, 0x0b];
    const bodies = Array.from({ length: 101 }, () => body).flat();
    const functions = [3, 102, 101, ...new Array<number>(101).fill(0)];
    const code = [10, 0xc4, 0x05, 101, ...bodies];
    const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, ...functions, ...code]);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(() => readModule(bytes)).toThrow('at most 5000000 locals in all functions');
  });
});

describe('customSections', () => {
  test('answers those of that name in their order', async () => {
    const bytes = await parse(
      '(module (@custom "a" (before first) "one") (@custom "b" "two") (memory 1) (@custom "a" (after memory) "three"))',
    );
    expect(customSections(bytes, 'a').map((section) => Buffer.from(section).toString())).toEqual(['one', 'three']);
    expect(customSections(bytes, '__proto__')).toEqual([]);
  });
});
