import { describe, expect, it } from 'vitest';
import { ConfigValues } from '../../../../workers/host/config-values.js';
import { utf8 } from '../abi/wat-guest.js';

describe('ConfigValues', () => {
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

  it('gives each top-level value as a JSON text, and the whole as it was given', () => {
    const all = '{"a": {"b": [1, "ü"]}, "__proto__": 3}';
    const config = new ConfigValues(all);
    expect(text(config.get(utf8('a')))).toBe('{"b":[1,"ü"]}');
    expect(text(config.get(utf8('__proto__')))).toBe('3');
    expect(config.get(utf8('constructor'))).toBeUndefined();
    expect(text(config.getAll())).toBe(all);
  });
});
