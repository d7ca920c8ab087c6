import { describe, expect, test } from 'vitest';
import { isJson, type JsonMember, readJson } from '../../../../workers/calls/json.js';

const read = (text: string) => readJson(Buffer.from(text));

/** Texts at the edges of RFC 8259; the engine's own parser is the oracle. */
const TEXTS = [
  '',
  ' ',
  'null',
  ' true ',
  'false',
  'nul',
  'nulll',
  'True',
  '0',
  '-0',
  '-',
  '01',
  '1.',
  '.5',
  '1.5',
  '1e5',
  '1E+5',
  '1e',
  '1e1.5',
  '+1',
  '--1',
  '1 2',
  '""',
  '"a',
  '"a"',
  '"\\n"',
  '"\\x"',
  '"\\u00e9"',
  '"\\u00g9"',
  '"\\u00',
  '"\\',
  '"\t"',
  '"\u007f"',
  '"✓"',
  '"\\ud800"',
  "'a'",
  '[]',
  '[ ]',
  '[1]',
  '[1,]',
  '[,1]',
  '[1,2',
  '[1 2]',
  '[[[]]]',
  '[]]',
  '[[]',
  '[1}',
  '{}',
  '{ }',
  '{"a":1}',
  '{"a":1,}',
  '{"a"}',
  '{"a":}',
  '{a:1}',
  '{"a":1 "b":2}',
  '{"a":1,"b":[{"c":{}}]}',
  '{"a":1]',
  '{1:2}',
  '{"a":{"a":1}}x',
  '\ufeff1',
  'NaN',
  'Infinity',
  '[1,2,3]\n',
  '{"a":"}"}',
  '"\\""',
];

describe('isJson', () => {
  test.each(TEXTS)('agrees with the engine about %j', (text) => {
    let valid = true;
    try {
      JSON.parse(text);
    } catch {
      valid = false;
    }
    expect(isJson(Buffer.from(text))).toBe(valid);
  });

  test('agrees with the engine about texts that were changed at random', () => {
    let state = 7;
    const random = (n: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % n;
    };
    const alphabet = '{}[]",:\\u0e-1.tfn \n';
    for (let i = 0; i < 20_000; i++) {
      const chars = [...(TEXTS[random(TEXTS.length)] as string)];
      for (let k = random(3); k >= 0; k--)
        chars.splice(random(chars.length + 1), random(2), alphabet[random(alphabet.length)] as string);
      const text = chars.join('');
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      expect([text, isJson(Buffer.from(text))]).toEqual([text, valid]);
    }
  });

  test('refuses what is nested deeper than 128', () => {
    expect(read(`${'['.repeat(128)}${']'.repeat(128)}`)).toBe('array');
    expect(read(`${'['.repeat(129)}${']'.repeat(129)}`)).toBeUndefined();
    expect(read('['.repeat(1_000_000))).toBeUndefined();
  });

  test('reads megabytes of keys without building anything of them', () => {
    const text = `{${Array.from({ length: 300_000 }, (_, i) => `"k${i}":0`).join(',')}}`;
    const before = process.memoryUsage().heapUsed;
    expect(read(text)).toBe('object');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 * 2 ** 20);
  });
});

describe('readJson', () => {
  test('tells the members of the outermost object, and no others', () => {
    const members: JsonMember[] = [];
    const text = ' { "a" : 1.5 , "\\u0062":"x","c":{"a":1},"d":[{"e":1}],"e":null,"f":true,"g":{},"h":[] } ';
    expect(readJson(Buffer.from(text), (member) => members.push(member))).toBe('object');
    expect(members.map(({ key, type }) => `${key} ${type}`)).toEqual([
      'a number',
      'b string',
      'c object',
      'd array',
      'e null',
      'f boolean',
      'g object',
      'h array',
    ]);
    expect(members[0]?.number).toBe(1.5);
  });
});
