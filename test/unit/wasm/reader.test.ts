import { describe, expect, test } from 'vitest';
import { Reader } from '../../../src/wasm/reader.js';
import { Writer } from '../../../src/wasm/writer.js';

function readerOf(...bytes: number[]): Reader {
  return new Reader(Uint8Array.from(bytes));
}

describe('Reader', () => {
  test.each([0, 1, 127, 128, 300, 16_383, 16_384, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])(
    'u32 reads what Writer wrote: %d',
    (value) => {
      const writer = new Writer(16);
      writer.u32(value);
      const reader = new Reader(writer.finish());
      expect(reader.u32('a number')).toBe(value);
      expect(reader.done).toBe(true);
    },
  );

  test('u32 takes numbers that are longer than needed, up to five bytes', () => {
    expect(readerOf(0x80, 0x80, 0x80, 0x80, 0x00).u32('a number')).toBe(0);
  });

  test('u32 refuses a sixth byte, and bits beyond the 32nd', () => {
    expect(() => readerOf(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).u32('a number')).toThrow('more than 32 bits');
    expect(() => readerOf(0xff, 0xff, 0xff, 0xff, 0x10).u32('a number')).toThrow('more than 32 bits');
  });

  test('u32 names what it expected at the end', () => {
    expect(() => readerOf(0x80).u32('the length')).toThrow('at byte 1: expected the length, found the end');
  });

  test('it does not read beyond its range', () => {
    const reader = new Reader(Uint8Array.of(1, 2, 3, 4), 1, 3);
    expect([reader.u8('a'), reader.u8('b')]).toEqual([2, 3]);
    expect(() => reader.u8('c')).toThrow('found the end');
  });

  test('count refuses what the rest cannot hold, and what passes the limit', () => {
    expect(() => readerOf(3, 0, 0).count('things', 10)).toThrow('3 things are announced, found 2 bytes');
    expect(() => readerOf(11).count('things', 10)).toThrow('at most 10 things, found 11');
  });

  test('name refuses surrogates and keeps a byte order mark', () => {
    expect(() => readerOf(3, 0xed, 0xa0, 0x80).name('a name', 10)).toThrow('is not UTF-8');
    expect(readerOf(3, 0xef, 0xbb, 0xbf).name('a name', 10)).toBe('\ufeff');
  });
});

describe('Writer', () => {
  test('grows, and what finish answered stays', () => {
    const writer = new Writer(1);
    writer.u8(1);
    const before = writer.finish();
    writer.raw(new Uint8Array(1_000).fill(7));
    expect(Array.from(before)).toEqual([1]);
    expect(writer.length).toBe(1_001);
  });
});
