/** Offsets in a module that was bounded and metered or instrumented, held against the engine's own for the module as built. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { carryOut } from '../../../src/wasm/fuel/meter-order.js';
import { beforeShift, type OffsetMap } from '../../../src/wasm/fuel/offset-map.js';
import { fuelOf, type TrapReport } from '../../../src/wasm/fuel/runtime.js';
import { PAGE_BYTES } from '../../../src/wasm/item-types.js';
import { limitModule } from '../../../src/wasm/limit.js';
import { readModule } from '../../../src/wasm/module.js';
import { connectHooks } from '../../../src/wasm/profile/hooks.js';
import { HOOKS_EXPORT, instrument } from '../../../src/wasm/profile/instrument.js';
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

function trapIn(bytes: Uint8Array, offsets: OffsetMap, name: string): TrapReport {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes.slice()));
  const fuel = fuelOf(exports);
  if (HOOKS_EXPORT in exports)
    connectHooks(exports, { enter: () => 0, leave: () => undefined, resume: () => undefined });
  fuel.begin(1_000_000);
  try {
    (exports[name] as (argument: number) => unknown)(1);
  } catch (error) {
    return fuel.explain(error, offsets);
  }
  throw new Error('it must trap');
}

function expectOriginal(wasm: Uint8Array): void {
  const { bytes, codeShiftBytes } = limitModule(readModule(wasm), LIMIT_PAGES * PAGE_BYTES);
  const metered = carryOut({ bytes, codeShiftBytes, stackBytes: 512 * 1024 });
  if (!metered.ok) throw new Error(metered.message);
  const profiled = instrument(bytes);
  const shifted = beforeShift(profiled.offsets, codeShiftBytes);
  for (const name of ['load', 'unreachable', 'loop']) {
    const expected = originalFrames(wasm, (exports) => exports[name]?.(1));
    expect(expected.length, name).toBe(name === 'load' ? 2 : 1);
    for (const report of [trapIn(metered.bytes, metered.offsets, name), trapIn(profiled.bytes, shifted, name)]) {
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
