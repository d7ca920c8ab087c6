import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { HostError } from '../../../src/errors.js';
import { PACKAGE_LIMITS } from '../../../src/limits.js';
import { readMetadata } from '../../../src/package/metadata.js';
import { EMPTY_MODULE } from './a-package.js';

/** One fragment: kind, length (its own unless told another), content. */
function fragment(kind: string, content: string | Uint8Array, length?: number): Buffer {
  const bytes = Buffer.from(content as string);
  const header = Buffer.alloc(8);
  header.write(kind, 0, 'latin1');
  header.writeUInt32LE(length ?? bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

function leb128(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb128(value >>> 7)];
}

/** A module with custom sections of that content. */
function moduleWith(...contents: Uint8Array[]): Uint8Array {
  const sections = contents.map((content) => {
    const body = Buffer.concat([Buffer.from([13]), Buffer.from('hal9:manifest'), content]);
    return Buffer.concat([Buffer.from([0, ...leb128(body.length)]), body]);
  });
  return new Uint8Array(Buffer.concat([EMPTY_MODULE, ...sections]));
}

const PLUGIN = fragment('H9P1', '{"id":"x","name":"ünïcode"}');
const TOOL = fragment('H9C1', '{"type":"ToolProvider","config":{"tool_name":"b"}}');
const OTHER_TOOL = fragment('H9C1', '{"type":"ToolProvider","config":{"tool_name":"a"}}');
const NEURON = fragment('H9C1', '{"type":"NeuronType","config":{}}');

describe('readMetadata', () => {
  test('readMetadata reads what the SDK wrote', async () => {
    const draft = readMetadata(await readFile('examples/echo/echo.wasm'));
    expect(draft?.metadata).toMatchObject({
      id: '0e0c3a52-7d1f-4b8e-9a36-5f2d8c41b7e0',
      requirements: { min_hal9_version: '0.1.0', max_memory_mb: 8 },
    });
  });

  test('readMetadata gives the same draft in whatever order the fragments were linked', () => {
    const draft = readMetadata(moduleWith(Buffer.concat([PLUGIN, TOOL, OTHER_TOOL, NEURON])));
    expect(draft).toEqual(readMetadata(moduleWith(Buffer.concat([NEURON, OTHER_TOOL]), Buffer.concat([TOOL, PLUGIN]))));
    expect(draft?.metadata.capabilities.map(({ config }) => (config as { tool_name?: string }).tool_name)).toEqual([
      undefined,
      'a',
      'b',
    ]);
  });

  test('readMetadata answers undefined for a module that says nothing', () => {
    expect(readMetadata(EMPTY_MODULE)).toBeUndefined();
  });

  const cases: [name: string, section: Uint8Array, message: RegExp][] = [
    ['no plugin', NEURON, /hal9_plugin! once in the module, found it 0 times/],
    ['two plugins', Buffer.concat([PLUGIN, PLUGIN]), /found it 2 times/],
    ['a header cut short', Buffer.concat([PLUGIN, Buffer.from('H9C')]), /header of 8 bytes, found 3/],
    ['a length beyond the section', fragment('H9P1', '{}', 0xffff_ffff), /expected 4294967295 more bytes, found 2/],
    ['another kind', fragment('H9Z9', '{}'), /expected H9P1 or H9C1, found "H9Z9"/],
    ['no JSON', fragment('H9P1', '{'), /expected one JSON object in UTF-8/],
    ['no UTF-8', fragment('H9P1', Uint8Array.of(0x22, 0xff, 0x22)), /expected one JSON object in UTF-8/],
    ['no object', fragment('H9P1', '[]'), /expected one JSON object, found another value/],
    ['a repeated key', fragment('H9P1', '{"id":1,"id":2}'), /the fragment at byte 0: .*found it twice/],
    ['capabilities inside', fragment('H9P1', '{"capabilities":[]}'), /capabilities as fragments of their own/],
    ['too many bytes', fragment('H9P1', ' '.repeat(PACKAGE_LIMITS.maxManifestBytes)), /expected at most 262144 bytes/],
    [
      'too many capabilities',
      Buffer.concat([PLUGIN, ...Array(257).fill(NEURON)]),
      /at most 256 capabilities, found 257/,
    ],
  ];
  test.each(cases)('readMetadata refuses a section with %s', (_name, section, message) => {
    let refusal: unknown;
    try {
      readMetadata(moduleWith(section));
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(HostError);
    expect(refusal).toMatchObject({ reason: 'MANIFEST_INVALID', message: expect.stringMatching(message) });
  });
});
