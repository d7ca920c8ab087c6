import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { MODULE_LIMITS } from '../../../src/limits.js';
import { PAGE_BYTES } from '../../../src/wasm/item-types.js';
import { limitModule } from '../../../src/wasm/limit.js';
import { readModule } from '../../../src/wasm/module.js';

async function limited(text: string, memoryPages: number) {
  return limitModule(readModule(await parse(text)), memoryPages * PAGE_BYTES);
}

async function instantiate(bytes: Uint8Array): Promise<Record<string, (size: number) => number>> {
  const { exports } = new WebAssembly.Instance(await WebAssembly.compile(bytes));
  return exports as Record<string, (size: number) => number>;
}

const GROWS = `(func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
  (func (export "grow-table") (param i32) (result i32) ref.null func local.get 0 table.grow 0)`;

describe('limitModule', () => {
  test('a guest cannot grow its memory beyond the limit', async () => {
    const { bytes, initialMemoryBytes, maximumMemoryBytes } = await limited(
      `(module (memory 1) (table 1 funcref) ${GROWS})`,
      4,
    );
    const guest = await instantiate(bytes);
    expect(guest.grow?.(4)).toBe(-1);
    expect(guest.grow?.(3)).toBe(1);
    expect(guest.grow?.(1)).toBe(-1);
    expect([initialMemoryBytes, maximumMemoryBytes]).toEqual([PAGE_BYTES, 4 * PAGE_BYTES]);
  });

  test('a declared maximum below the limit stays', async () => {
    const { bytes, maximumMemoryBytes } = await limited(`(module (memory 1 2) (table 1 funcref) ${GROWS})`, 4);
    const guest = await instantiate(bytes);
    expect(guest.grow?.(2)).toBe(-1);
    expect(guest.grow?.(1)).toBe(1);
    expect(maximumMemoryBytes).toBe(2 * PAGE_BYTES);
  });

  test('all memories together stay below the limit', async () => {
    const { bytes } = await limited('(module (memory 2) (memory 1 100) (memory 1))', 10);
    const sizes = readModule(bytes).memories.map(({ maximum }) => maximum as number);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(10);
    for (const [index, least] of [2, 1, 1].entries()) expect(sizes[index]).toBeGreaterThanOrEqual(least);
  });

  test('all tables together stay below the limit', async () => {
    const { bytes } = await limited(`(module (memory 1) (table 1 funcref) (table 5 externref) ${GROWS})`, 4);
    const sizes = readModule(bytes).tables.map(({ maximum }) => maximum as number);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(MODULE_LIMITS.maxTableSlots);
    const guest = await instantiate(bytes);
    expect(guest['grow-table']?.(MODULE_LIMITS.maxTableSlots - 5)).toBe(-1);
    expect(guest['grow-table']?.(10)).toBe(1);
  });

  test('a module that begins with more than it may have is refused', async () => {
    await expect(limited('(module (memory 3) (memory 3))', 5)).rejects.toMatchObject({ reason: 'MODULE_LIMIT' });
    await expect(limited('(module (table 1000001 funcref))', 5)).rejects.toMatchObject({ reason: 'MODULE_LIMIT' });
  });

  test('everything else is copied as it is', async () => {
    const text =
      '(module (@custom "x" "kept") (memory 1) (func (export "f") (result i32) i32.const 7) (data (i32.const 0) "abc"))';
    const { bytes } = await limited(text, 1);
    const before = readModule(await parse(text));
    const after = readModule(bytes);
    const rest = (module: typeof after) =>
      module.sections
        .filter(({ id }) => id !== 5)
        .map(({ start, end }) => Buffer.from(module.bytes.subarray(start, end)).toString('hex'));
    expect(rest(after)).toEqual(rest(before));
  });
});
