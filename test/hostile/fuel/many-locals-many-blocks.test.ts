import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { meter } from '../../../src/wasm/fuel/meter.js';

const withFunction = (locals: number, blocks: number): string =>
  `(module (func (param i32) (local ${'i64 '.repeat(locals)}) ${'block local.get 0 br_if 0 '.repeat(blocks)} ${'end '.repeat(blocks)}))`;

test('a function whose locals times blocks would take gigabytes to compile is refused', async () => {
  await expect(async () => meter(await parse(withFunction(40_000, 6_000)))).rejects.toMatchObject({
    reason: 'MODULE_LIMIT',
    message: expect.stringContaining('locals times blocks') as string,
  });
});

test('one with as many locals and few blocks is taken, and the other way round', async () => {
  expect(meter(await parse(withFunction(40_000, 50))).fuelVersion).toBe(1);
  expect(meter(await parse(withFunction(50, 6_000))).fuelVersion).toBe(1);
});
