import { expect, test } from 'vitest';
import { layOutJson } from '../../../src/cli/json-layout.js';

test.each([
  [{ a: [1, { b: 'x, {y}: [z] "q" \\' }], c: {}, d: [], e: null }],
  [[[], [[]], true]],
  ['text: "in" {quotes}'],
  [17],
])('layOutJson writes %j as JSON.stringify does', (value) => {
  expect(layOutJson(JSON.stringify(value))).toBe(JSON.stringify(value, undefined, 2));
  expect(layOutJson(JSON.stringify(value, undefined, '\t'))).toBe(JSON.stringify(value, undefined, 2));
});

test('layOutJson loses no digits', () => {
  expect(layOutJson('{"a":-3.0,"b":[12345678901234567890,1e400]}')).toBe(
    '{\n  "a": -3.0,\n  "b": [\n    12345678901234567890,\n    1e400\n  ]\n}',
  );
});

test('layOutJson leaves other text as it is', () => {
  for (const text of ['', '{', 'a {b}, c', '{"a":1} {"b":2}']) expect(layOutJson(text)).toBe(text);
});
