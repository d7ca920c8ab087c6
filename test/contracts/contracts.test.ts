import { readdirSync, readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { protoSurface } from './proto-surface.js';
import { compareSurfaces, type Surface } from './surface.js';
import { witSurface } from './wit-surface.js';

const PROTO = `syntax = "proto3"; package p.v1;
  service S { rpc Call(A) returns (stream B); }
  enum E { ZERO = 0; ONE = 1; }
  message A { string s = 1; optional uint64 n = 2; repeated B list = 3; map<string, string> m = 4; oneof part { B b = 5; bytes raw = 6; } E e = 7; }
  message B {}`;

const proto = (text: string, version = 'v1'): Surface =>
  protoSurface(protobuf.parse(text.replace('p.v1', `p.${version}`)).root, `p.${version}`);
const protoChange = (from: string, to: string, version = 'v1'): ReturnType<typeof compareSurfaces> => {
  if (!PROTO.includes(from)) throw new Error(`the sample has no ${from}`);
  return compareSurfaces(proto(PROTO), proto(PROTO.replace(from, to), version));
};

const WIT = `package a:b@0.1.0;
  /// Shared; with a comment that has interface { in it
  interface types { record r { x: u32, y: list<string>, } enum e { one, two } }
  interface offered { use types.{r}; f: func(a: r) -> result<_, string>; g: func(); }
  interface exported { use types.{r, e}; run: func(a: r, b: e) -> option<r>; }
  world host { import offered; }
  world plugin { export exported; }`;

const witChange = (from: string, to: string, version = '0.1.0'): ReturnType<typeof compareSurfaces> => {
  if (!WIT.includes(from)) throw new Error(`the sample has no ${from}`);
  return compareSurfaces(witSurface([WIT]), witSurface([WIT.replace(from, to).replace('0.1.0', version)]));
};

describe('a proto package', () => {
  test.each([
    ['a field removed', 'string s = 1;', ''],
    ['a field renumbered', 'string s = 1;', 'string s = 9;'],
    ['a field retyped', 'string s = 1;', 'bytes s = 1;'],
    ['a field renamed', 'string s = 1;', 'string t = 1;'],
    ['a field repeated', 'string s = 1;', 'repeated string s = 1;'],
    ['a field no longer repeated', 'repeated B list', 'B list'],
    ['a field no longer optional', 'optional uint64 n', 'uint64 n'],
    ['a map with other values', 'map<string, string>', 'map<string, bytes>'],
    ['a field that left its oneof', 'oneof part { B b = 5; bytes raw = 6; }', 'B b = 5; oneof part { bytes raw = 6; }'],
    ['an enum value removed', 'ONE = 1;', ''],
    ['an enum value renumbered', 'ONE = 1;', 'ONE = 2;'],
    ['a method removed', 'rpc Call(A) returns (stream B);', ''],
    ['a method with another request', 'rpc Call(A)', 'rpc Call(B)'],
    ['a method that no longer streams', 'returns (stream B)', 'returns (B)'],
  ])('is broken by %s', (_what, from, to) => {
    expect(protoChange(from, to).breaking.length).toBeGreaterThan(0);
    expect(protoChange(from, to, 'v2').breaking).toEqual([]);
  });

  test.each([
    ['a new field', 'string s = 1;', 'string s = 1; string t = 9;', 'A field 9'],
    ['a new message', 'message B {}', 'message B {} message C {}', 'C'],
    ['a new enum value', 'ONE = 1;', 'ONE = 1; TWO = 2;', 'E value 2'],
    ['a new method', '(stream B);', '(stream B); rpc More(A) returns (B);', 'S method More'],
  ])('is not broken by %s', (_what, from, to, key) => {
    expect(protoChange(from, to)).toEqual({ breaking: [], additions: [key] });
  });

  test('is broken by a message renamed, wherever it is used', () => {
    const { breaking } = compareSurfaces(proto(PROTO), proto(PROTO.replaceAll('B', 'D')));
    expect(breaking.some((fault) => fault.startsWith('B is gone'))).toBe(true);
    expect(breaking.some((fault) => fault.startsWith('A field 3 has changed'))).toBe(true);
  });

  test('is not changed by comments and order', () => {
    expect(protoChange('message B {}', '// About B.\nmessage B { reserved 4; }')).toEqual({
      breaking: [],
      additions: [],
    });
  });
});

describe('a WIT package', () => {
  test.each([
    ['a function removed', 'g: func();', ''],
    ['a parameter retyped', 'f: func(a: r)', 'f: func(a: string)'],
    ['a parameter renamed', 'f: func(a: r)', 'f: func(b: r)'],
    ['another result', '-> option<r>', '-> r'],
    ['a record with another field', 'x: u32,', 'x: u32, z: u32,'],
    ['a record with fields in another order', 'x: u32, y: list<string>', 'y: list<string>, x: u32'],
    ['an enum with another case', 'one, two', 'one, two, three'],
    ['an interface renamed', 'interface offered', 'interface other'],
    ['a function added to what plugins export', 'interface exported {', 'interface exported { more: func();'],
    ['an import removed from a world', 'import offered;', ''],
  ])('is broken by %s, unless the version is raised', (_what, from, to) => {
    expect(witChange(from, to).breaking.length).toBeGreaterThan(0);
    expect(witChange(from, to, '0.1.1').breaking.length).toBeGreaterThan(0);
    expect(witChange(from, to, '0.2.0').breaking).toEqual([]);
    expect(witChange(from, to, '1.0.0').breaking).toEqual([]);
  });

  test('is broken by a version that goes back', () => {
    expect(witChange('g: func();', 'g: func();', '0.0.9').breaking).toHaveLength(1);
  });

  test.each([
    ['a function that the host offers', 'g: func();', 'g: func(); h: func();', ['offered func h']],
    ['a new interface', 'world host', 'interface new { n: func(); } world host', ['new', 'new func n']],
    ['a new type', 'enum e {', 'flags fl { a, b } enum e {', ['types type fl']],
    ['a new import', 'import offered;', 'import offered; import types;', ['world-host import types']],
  ])('is not broken by %s', (_what, from, to, additions) => {
    expect(witChange(from, to)).toEqual({ breaking: [], additions });
  });

  test('is not changed by comments, layout and trailing commas', () => {
    expect(witChange('y: list<string>, }', 'y: /* many */ list< string\n> // the end\n }')).toEqual({
      breaking: [],
      additions: [],
    });
  });

  test('is found whole in the files of the project', () => {
    const texts = readdirSync('sdk/wit')
      .filter((file) => file.endsWith('.wit'))
      .map((file) => readFileSync(`sdk/wit/${file}`, 'utf8'));
    const surface = witSurface(texts);
    expect(surface.entries['neuron func process']).toBe(
      'process : func ( signal : signal ) -> result < list < signal > , plugin-error > ;',
    );
    expect(surface.closed).toContain('neuron');
    expect(Object.keys(surface.entries).filter((key) => key.includes(' func ')).length).toBeGreaterThan(25);
  });
});
