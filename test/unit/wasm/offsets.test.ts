/** Offsets in a module that was bounded and metered or instrumented, held against the engine's own for the module as built. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { carryOut } from '../../../src/wasm/fuel/meter-order.js';
import { beforeShift, type OffsetMap } from '../../../src/wasm/fuel/offset-map.js';
import { fuelOf, type TrapReport } from '../../../src/wasm/fuel/runtime.js';
import { readCode, skipOperands } from '../../../src/wasm/instructions.js';
import { PAGE_BYTES } from '../../../src/wasm/item-types.js';
import { limitModule } from '../../../src/wasm/limit.js';
import { readModule } from '../../../src/wasm/module.js';
import { connectHooks } from '../../../src/wasm/profile/hooks.js';
import { HOOKS_EXPORT, instrument } from '../../../src/wasm/profile/instrument.js';
import { Reader } from '../../../src/wasm/reader.js';
import { SECTION } from '../../../src/wasm/sections.js';
import { originalFrames } from '../../harness/original-offsets.js';

const LIMIT_PAGES = 200;

/** Traps at a load beyond its memory, at `unreachable`, and in a function behind growth, bulk operations and loops. */
const CODE = `
  (func $deep (param i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 64))
    (drop (memory.grow (i32.const 1)))
    (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (if (local.get 0) (then (return (i32.const 1))))
    (i32.load (i32.const -1)))
  (func (export "load") (result i32) (i32.const 1) (call $deep (i32.const 9)) (i32.add))
  (func (export "unreachable") (result i32) (drop (memory.size)) (block (unreachable)) (i32.const 3))
  (func (export "loop") (param i32) (loop (br_if 0 (i32.eqz (local.get 0))) (unreachable)))`;

const MODULES: readonly (readonly [string, string])[] = [
  ['no maximum', '(memory 1)'],
  ['a smaller maximum', '(memory 1 2)'],
  ['a larger maximum, that takes more bytes', '(memory 1 60000)'],
  ['tables without a maximum', '(table 4 funcref) (table 4 externref) (memory 1)'],
];

/** The module with the length of its memory section written as linkers leave room for it: in five bytes. */
function withRoomyLength(bytes: Uint8Array): Uint8Array {
  const memory = readModule(bytes).sections.find(({ id }) => id === SECTION.memory);
  if (memory === undefined) throw new Error('it has no memory');
  const length = memory.end - memory.contentStart;
  return Buffer.concat([
    bytes.subarray(0, memory.start),
    Uint8Array.of(SECTION.memory, length | 0x80, 0x80, 0x80, 0x80, 0),
    bytes.subarray(memory.contentStart),
  ]);
}

function trapIn(bytes: Uint8Array, offsets: OffsetMap, name: string, budget = 1_000_000): TrapReport {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes.slice()));
  const fuel = fuelOf(exports);
  if (HOOKS_EXPORT in exports)
    connectHooks(exports, { enter: () => 0, leave: () => undefined, resume: () => undefined });
  fuel.begin(budget);
  try {
    (exports[name] as (argument: number) => unknown)(1);
  } catch (error) {
    return fuel.explain(error, offsets);
  }
  throw new Error('it must trap');
}

interface Rewritten {
  bytes: Uint8Array;
  offsets: OffsetMap;
}

function rewritten(wasm: Uint8Array): { metered: Rewritten; profiled: Rewritten } {
  const { bytes, codeShiftBytes } = limitModule(readModule(wasm), LIMIT_PAGES * PAGE_BYTES);
  const metered = carryOut({ bytes, codeShiftBytes, stackBytes: 512 * 1024 });
  if (!metered.ok) throw new Error(metered.message);
  const profiled = instrument(bytes);
  return { metered, profiled: { ...profiled, offsets: beforeShift(profiled.offsets, codeShiftBytes) } };
}

function expectOriginal(wasm: Uint8Array): void {
  const { metered, profiled } = rewritten(wasm);
  for (const name of ['load', 'unreachable', 'loop']) {
    const expected = originalFrames(wasm, (exports) => exports[name]?.(1));
    expect(expected.length, name).toBe(name === 'load' ? 2 : 1);
    for (const { bytes, offsets } of [metered, profiled]) {
      const report = trapIn(bytes, offsets, name);
      expect(report.kind, name).toBe('guest');
      const ofGuest = report.frames.filter(({ offset = 0 }) => offset > 0);
      expect(
        ofGuest.map(({ functionIndex: index, offset }) => ({ index, offset })),
        name,
      ).toEqual(expected);
    }
  }
}

describe('offsets of traps are those of the module as built', () => {
  test.each(MODULES)('with %s', async (_, memories) => expectOriginal(await parse(`(module ${memories} ${CODE})`)));

  test('with a section that becomes shorter', async () => {
    expectOriginal(withRoomyLength(await parse(`(module (memory 1 60000) ${CODE})`)));
  });
});

/** A function that runs out of fuel, and at which of its instructions it is said to be: in a loop, the first one inside. */
const ENDLESS: readonly (readonly [string, string, number])[] = [
  ['a loop of nothing, which is unrolled', 'nop (loop $l (br $l))', 2],
  [
    'a small loop, which is unrolled',
    'nop (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if $l (local.get 0)))',
    2,
  ],
  ['a large loop', `nop (loop $l ${'nop '.repeat(200)} (br $l))`, 2],
  ['a loop around a br_table', 'nop (loop $l (block (br_table 0 1 (local.get 0))) (br $l))', 2],
  ['recursion', 'nop nop (call $run (local.get 0))', 0],
  ['a bulk operation', 'nop (memory.fill (i32.const 0) (i32.const 1) (i32.const 60000))', 4],
];

function instructionStarts(wasm: Uint8Array): number[] {
  const { bodyStarts, bodyEnds } = readModule(wasm);
  // No function here has locals: its code begins behind one byte that says so.
  const reader = new Reader(wasm, (bodyStarts[0] as number) + 1, bodyEnds[0] as number);
  const starts: number[] = [];
  while (!reader.done) {
    starts.push(reader.position);
    skipOperands(reader, readCode(reader));
  }
  return starts;
}

describe('offsets of calls that run out of fuel are those of instructions in the module as built', () => {
  test.each(ENDLESS)('in %s', async (what, code, instruction) => {
    const wasm = await parse(`(module (memory 1) (func $run (export "run") (param i32) ${code}))`);
    const { metered, profiled } = rewritten(wasm);
    // Profiling does not look at the counter before a bulk operation.
    for (const { bytes, offsets } of what === 'a bulk operation' ? [metered] : [metered, profiled]) {
      const { kind, frames } = trapIn(bytes, offsets, 'run', 2_000);
      expect(kind).toBe('fuel');
      const innermost = frames.find(({ offset = 0 }) => offset > 0);
      expect(instructionStarts(wasm).indexOf(innermost?.offset ?? 0)).toBe(instruction);
    }
  });
});
