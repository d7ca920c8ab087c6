import { describe, expect, test } from 'vitest';
import type { ToolDeclaration } from '../../../../src/protocol/bind.js';
import { validateParameters } from '../../../../workers/calls/parameters.js';
import { RequestRefused } from '../../../../workers/calls/refused.js';

const TOOL: ToolDeclaration = {
  name: 'tool',
  parameters: [
    { name: 'text', type: 'string', required: true },
    { name: 'count', type: 'integer', required: false, defaultValue: '1' },
    { name: 'factor', type: 'number', required: false },
    { name: 'list', type: 'array', required: false },
    { name: 'map', type: 'object', required: false },
    { name: 'flag', type: 'boolean', required: false },
  ],
};

const validate = (text: string, tool = TOOL): string =>
  Buffer.from(validateParameters(tool, Buffer.from(text))).toString();

function faultOf(text: string): string {
  try {
    validate(text);
  } catch (error) {
    if (error instanceof RequestRefused) return error.message;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('validateParameters', () => {
  test('passes what was given on byte for byte, and puts defaults behind it', () => {
    const given = '{ "text": "a\\u0041", "factor": 9007199254740993.0, "count": 12345678901234567890 }';
    expect(validate(given)).toBe(given);
    expect(validate('{"text":"}","factor":1e2 } ')).toBe('{"text":"}","factor":1e2 ,"count":1}');
  });

  test('fills in defaults where nothing was given', () => {
    const tool: ToolDeclaration = {
      name: 't',
      parameters: [{ name: 'a', type: 'array', required: false, defaultValue: '[1]' }],
    };
    for (const empty of ['', '{}', ' { } ']) expect(JSON.parse(validate(empty, tool))).toEqual({ a: [1] });
  });

  test.each([
    ['[]', 'an array'],
    ['null', 'null'],
    ['{', 'no valid JSON'],
    ['"text"', 'a string'],
  ])('refuses %s as a whole', (text, found) => {
    expect(faultOf(text)).toBe(`parameters: expected one JSON object, found ${found}`);
  });

  test('names every fault by its path', () => {
    const text = '{"count":1.5,"factor":1e999,"list":{},"map":[],"flag":"yes","other":1,"__proto__":2}';
    const faults = faultOf(text);
    for (const name of ['text', 'count', 'factor', 'list', 'map', 'flag', 'other', '__proto__']) {
      expect(faults).toContain(`parameters.${name}:`);
    }
  });

  test('refuses a key that is given more than once, however it is written', () => {
    expect(faultOf('{"text":"a","text":"b"}')).toBe('parameters.text: given more than once');
    expect(faultOf('{"text":"a","te\\u0078t":"b"}')).toBe('parameters.text: given more than once');
    const nested = '{"text":"\\"text\\":1","map":{"text":1,"a":[{"text":2}]},"count":1}';
    expect(validate(nested)).toBe(nested);
  });

  test('reads a string of megabytes in one go', () => {
    const text = `{"text":"${'\\"x'.repeat(500_000)}","count":2}`;
    expect(validate(text)).toBe(text);
  });
});
